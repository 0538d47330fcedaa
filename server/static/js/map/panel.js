// Beside the map: the word that is picked, the selection, and words in pages.

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

const button = (said, click, disabled = false) => h("button.small", { type: "button", disabled, on: { click } }, said);
const word = ({ row, text: said }, { pick, mark = () => {} }) => h("button.plain.small", { type: "button", on: { click: () => pick(row), focus: () => mark(row, said), blur: () => mark() } }, text(said));

/** Return {element, show(rows, title)}: words in pages, and arrow keys go through them; `on` hears `mark` and `pick`. */
export function wordPages(texts, columns, on) {
  const keydown = (event) => {
    const all = [...element.querySelectorAll("th button")];
    const next = all[all.indexOf(event.target) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
    if (next) { event.preventDefault(); next.focus(); }
  };
  const element = h("section.card.stack", { "aria-label": "Words", on: { keydown } });
  let asked = 0;
  async function show(rows, title, first = 0) {
    const mine = ++asked;
    const words = await texts(rows.slice(first, first + PAGE));
    if (mine !== asked) return;
    const turn = (said, to) => button(said, () => show(rows, title, to), to < 0 || to >= rows.length);
    fill(element, table({ caption: `${title}: ${count(first + words.length && first + 1)} to ${count(first + words.length)} of ${count(rows.length)}`, rows: words, columns: [{ label: "Word", of: (one) => word(one, on) }, ...columns()] }),
      h("div.row", turn("Back", first - PAGE), turn("Next", first + PAGE)));
  }
  return { element, show };
}

/** Return the true nearest neighbours of a word with their rows; `rowsOf(ids)` reads these. */
export async function neighbours({ id: own, text: asked }, rowsOf, signal) {
  const { results: [{ matches }] } = await question("words/nearest", { texts: [asked], k: NEIGHBOURS + 1 }, { signal });
  const others = matches.filter(({ id }) => id !== own).slice(0, NEIGHBOURS);
  const rows = new Map((await rowsOf(others.map(({ id }) => id))).map(({ id, row }) => [id, row]));
  return others.filter(({ id }) => rows.has(id)).map((one) => ({ ...one, row: rows.get(one.id) }));
}

/** Return what is said of a picked word; `apart(row)` is how far another one lies on the map. */
export const picked = (said, near, apart, on, close) => [h("div.row.apart", h("h2", text(said)), button("Close", close)),
  h("p.small", `Near it on the map: ${near.filter(({ row }) => apart(row) < NEAR).length} of its ${counted(near.length, "nearest neighbour")}.`),
  h("ol.plain.near", near.map((one) => h("li", word(one, on), h("span.small.number", score(one.score)))))];

/** Return what the words of a selection have in common. */
export const selection = ({ count: words, topics, keywords, examples }, said, names, on, clear) => [h("div.row.apart", h("h2", counted(words, "word")), button("Clear", clear)),
  h("p.small", said), h("p.chips", topics.slice(0, 6).map((one) => h("span.badge", label(one.topic, names), " ", count(one.count)))),
  h("p.small.quiet", keywords.map((keyword, i) => [i > 0 && ", ", text(keyword)])),
  h("ul.plain", examples.slice(0, 5).map((one) => h("li", word(one, on)))),
  words > 0 && h("div", button("Make examples of a topic\u2026", () => toTopic(examples, names)))];

/** Choose a topic and examples; the view "Topics" shows what changes by them before it is saved. */
async function toTopic(words, names) {
  const topic = select({ "": "a new topic", ...Object.fromEntries(names.map((name) => [name, name])) }, "", () => {});
  const ticks = words.slice(0, 10).map((one) => h("input", { type: "checkbox", checked: true, value: one.text }));
  const given = await ask({ title: "Make these words examples of a topic", action: "See what changes",
    content: [field("Topic", topic), h("div.stack", ticks.map((tick) => h("label.check", tick, text(tick.value))))],
    answer: () => ({ topic: topic.value, add: topic.value ? "" : "yes", example: ticks.filter((tick) => tick.checked).map((tick) => tick.value) }) });
  if (given) go("topics", given);
}
