// The view "Topics": all of them, or the one that the address names.

import { call, get, path, post } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, counted, score } from "../format.js";
import { hue } from "../parts/bar.js";
import { field } from "../parts/field.js";
import { heat } from "../parts/heat.js";
import { table } from "../parts/table.js";
import { link } from "../router.js";
import { editor, lines } from "../topics/editor.js";
import { growing } from "../topics/growing.js";
import { label } from "../topics/name.js";
import { words } from "../topics/words.js";

const CALLS = ["nearest", "words", "similarity", "sizes", "background"]; // topics of these names cannot be read by name
const CLOSE = { label: 0.6, adapted: 0.3 }; // cosines of topics that are hard to tell apart; adapted ones are centred
const MOST = 40; // topics of a heat map

/** Show the view; `state`: `topic` with `order`, or `add` for a new topic; each `example` to add. */
export async function show(root, state, signal) {
  const name = state.get("topic");
  const answering = h("p");
  root.append(h("div.head", h("div", h("h1", state.has("add") ? "A new topic" : text(name ?? "Topics")), answering),
    state.size ? h("a", { href: "#/topics" }, "All topics") : h("a.button", { href: "#/topics?add=yes" }, "Add a topic")));
  const read = (at) => get(at, null, { signal });
  const again = () => { root.focus(); window.dispatchEvent(new Event("hashchange")); };
  const to = (topic) => { const at = link("topics", { topic }); if (location.hash === at) again(); else location.hash = at; };
  const [{ topics }, { prototypes }] = await Promise.all([read("topics"), read("thresholds")]);
  const adapted = prototypes === "adapted";
  const off = async () => { await call("DELETE", "clusterings/active"); again(); };
  fill(answering, "Answers come from ", h("span.badge", adapted ? "topics as they grew on the corpus" : "names, descriptions and examples"),
    adapted && h("button.plain", { on: { click: off } }, "Switch off"));
  const world = { topics, names: topics.map((topic) => topic.name), adapted, sizes: read("topics/sizes"), signal, again, to };
  if (state.has("add")) {
    const form = editor(world);
    root.append(form.element);
    form.add(...state.getAll("example"));
  }
  else if (name !== null) await one(root, world, name, state);
  else if (!topics.length) root.append(beginning(again));
  else {
    const runs = read("clusterings").then(({ clusterings }) => clusterings.filter((run) => run.settings.around));
    root.append(list(world, runs), matrix(read, CLOSE[prototypes]), growing(world, (await runs)[0]));
  }
}

async function one(root, world, name, state) {
  const { answer, response } = CALLS.includes(name) ? { answer: world.topics.find((topic) => topic.name === name) } : await get(path("topics", name), null, { whole: true, signal: world.signal });
  const form = editor(world, answer, response?.headers.get("ETag"));
  root.append(form.element, words(world, name, state.get("order") ?? "surest", form.add));
  if (state.has("example")) form.add(...state.getAll("example"));
}

/** Return the list of topics; how many words they have, and what the newest growth made of them, is filled in. */
function list({ topics, names, sizes }, runs) {
  const later = () => new Map([...names, null].map((topic) => [topic, h("span", "\u2026")]));
  const [bars, grew, title] = [later(), later(), h("span")];
  sizes.then(({ topics: sized, none }) => {
    const all = [...sized, { topic: null, words: none }];
    const most = Math.max(1, ...all.map((size) => size.words));
    for (const size of all) {
      fill(bars.get(size.topic), h("div.bar", { style: { "--value": size.words / most, "--hue": hue(names.indexOf(size.topic)) } }, h("div.track", h("div.fill")), h("span.number", count(size.words))));
    }
  });
  runs.then((all) => {
    const run = all.find(({ active }) => active) ?? all[0];
    fill(title, run?.active ? "Grew" : "Would grow");
    const found = new Map(run?.adaptation?.topics.map((topic) => [topic.name, topic.grown ? h("span.badge.good", "yes") : topic.explanation]));
    for (const [name, cell] of grew) fill(cell, found.get(name) ?? "\u2013");
  });
  return h("div.card", table({ caption: counted(topics.length, "topic"), rows: [...topics, { name: null }], columns: [
    { label: "Topic", of: ({ name }) => (name === null ? label(name, names) : h("a", { href: link("topics", { topic: name }) }, label(name, names))) },
    { label: "Words", of: ({ name }) => bars.get(name) },
    { label: "Description", of: ({ description }) => description ?? h("span.quiet", "words below a ", h("a", { href: "#/evidence" }, "threshold")), wide: true },
    { label: "Examples", of: ({ examples }) => examples?.length, number: true },
    { label: title, of: ({ name }) => grew.get(name) }] }));
}

/** Return the matrix of the topics, and in words which pairs are close. */
function matrix(read, least) {
  const box = h("section.card.stack", h("h2", "Which are close"));
  read("topics/similarity").then(({ rows, matrix: scores }) => {
    const pairs = rows.flatMap((row, i) => rows.slice(0, i).map((other, j) => [other, row, scores[i][j]])).sort((a, b) => b[2] - a[2]);
    const close = pairs.filter((pair) => pair[2] >= least).slice(0, 9);
    box.append(...(close.length ? close : pairs.slice(0, 1)).map(([one, other, value]) => h("p", text(one), " and ", text(other), close.length ? " are hard to tell apart: " : " are the closest: ", score(value))));
    if (rows.length <= MOST) box.append(heat({ caption: "Cosine similarity of the topics", corner: "Topic", rows, columns: rows, matrix: scores.map((row, i) => row.map((value, j) => (i === j ? null : value))) }));
  });
  return box;
}

/** Return where to begin when there is no topic. */
function beginning(again) {
  const names = h("textarea", { rows: 6, required: true, placeholder: "Fruit\nCountry\nCompany" });
  const start = async (event) => {
    event.preventDefault();
    await post("topics", { topics: lines(names.value).map((name) => ({ name })) });
    again();
  };
  return h("form.card.stack", { on: { submit: start } }, h("h2", "There are no topics yet"),
    field("Paste names, one a line", names, "Descriptions and examples can come later."), h("div", h("button.primary", "Make these the topics")));
}
