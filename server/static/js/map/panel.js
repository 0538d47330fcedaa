// Beside the map: the word that is picked, the selection, and the words in pages.

import { question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, counted, score } from "../format.js";
import { ask } from "../parts/dialog.js";
import { field, select } from "../parts/field.js";
import { table } from "../parts/table.js";
import { go } from "../router.js";
import { label } from "../topics/name.js";

const PAGE = 15;
const NEIGHBOURS = 15;
const NEAR = 0.05; // of the width: that near on the map

const button = (said, click, more) => h("button.small", { type: "button", ...more, on: { click } }, said);

/** Return {element, show(rows, title)}: words in pages; arrow keys go through them, and `on` hears `mark` and `pick`. */
export function wordPages(texts, on) {
  const element = h("section.card.stack", { "aria-label": "Words" });
  const keydown = (event) => {
    const all = [...element.querySelectorAll("th button")];
    const next = all[all.indexOf(event.target) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
    if (next) { event.preventDefault(); next.focus(); }
  };
  element.addEventListener("keydown", keydown);
  async function show(rows, title, page = 0) {
    const words = await texts(rows.slice(page, page + PAGE));
    const turn = (by, said) => button(said, () => show(rows, title, page + by), { disabled: page + by < 0 || page + by >= rows.length });
    const caption = rows.length ? `${title}: ${count(page + 1)}\u2013${count(Math.min(rows.length, page + PAGE))} of ${count(rows.length)}` : `${title}: none`;
    const word = (one) => h("button.plain.small", { type: "button", on: { click: () => on.pick(one.row), focus: () => on.mark(one), blur: () => on.mark() } }, text(one.text));
    fill(element, table({ caption, rows: words, columns: [{ label: "Word", of: word }, ...on.columns()] }), rows.length > PAGE && h("div.row", turn(-PAGE, "Back"), turn(PAGE, "Next")));
  }
  return { element, show };
}

/** Read the true nearest neighbours of a word; returns {words, rows}. */
export async function neighbours(word, wordsOf, signal) {
  const { results: [{ matches }] } = await question("words/nearest", { texts: [word.text], k: NEIGHBOURS + 1 }, { signal });
  const others = matches.filter(({ id }) => id !== word.id).slice(0, NEIGHBOURS);
  const places = new Map((await wordsOf(others.map(({ id }) => id))).map(({ id, row }) => [id, row]));
  return others.map((one) => ({ ...one, row: places.get(one.id) })).filter(({ row }) => row !== undefined);
}

/** Return what is said of a picked word: its neighbours, and how many lie near on the map. */
export function picked(word, near, apart, pick, close) {
  const kept = near.filter(({ row }) => apart(word.row, row) < NEAR).length;
  return [h("div.row.apart", h("h2", text(word.text)), button("Close", close)),
    h("p.small", `${kept} of its ${counted(near.length, "nearest neighbour")} lie near it on the map.`),
    h("ol.plain.near", near.map((one) => h("li", button(text(one.text), () => pick(one.row), { class: "small plain" }), h("span.number", score(one.score)))))];
}

/** Return what the words of a selection have in common. */
export function selection(found, said, names, pick, clear) {
  return [h("div.row.apart", h("h2", counted(found.count, "word")), button("Clear", clear)), h("p.small", said),
    h("p.chips", found.topics.slice(0, 6).map(({ topic, count: words }) => h("span.small", label(topic, names), " ", count(words)))),
    found.keywords.length > 0 && h("p.small.quiet", found.keywords.map((word, i) => [i > 0 && ", ", text(word)])),
    h("ul.plain", found.examples.slice(0, 5).map((one) => h("li", button(text(one.text), () => pick(one.row), { class: "small plain" })))),
    found.count > 0 && button("Make examples of a topic\u2026", () => toTopic(found.examples, names))];
}

/** Choose a topic and examples; what changes by them is seen in the view "Topics" before it is saved. */
async function toTopic(words, names) {
  const topic = select({ "": "a new topic", ...Object.fromEntries(names.map((name) => [name, name])) }, "", () => {});
  const ticks = words.slice(0, 10).map((word) => h("input", { type: "checkbox", checked: true, value: word.text }));
  const given = await ask({ title: "Make these words examples of a topic", action: "See what changes",
    content: [field("Topic", topic), h("div.stack", ticks.map((tick) => h("label.check", tick, text(tick.value))))],
    answer: () => ({ topic: topic.value, example: ticks.filter((tick) => tick.checked).map((tick) => tick.value) }) });
  if (given) go("topics", given.topic ? given : { add: "yes", ...given });
}
