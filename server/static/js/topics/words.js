// The words of a topic, surest or least sure first; each can become an example.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { score } from "../format.js";
import { field, select } from "../parts/field.js";
import { table } from "../parts/table.js";
import { go, keep } from "../router.js";

/** Return the words of `topic`, first in `order`; `add(text)` makes an example of this topic. */
export function words({ names, signal }, topic, order, add) {
  const box = h("div", "\u2026");
  const into = select(Object.fromEntries(names.map((name) => [name, name])), topic, () => {});
  const use = (example) => (into.value === topic ? add(example) : go("topics", { topic: into.value, example }));

  async function load(by) {
    order = by;
    const rows = await get("topics/words", { topic, order }, { lines: true, signal });
    if (order === by) fill(box, table({ caption: "Margin: how far behind the next topic is", rows, columns: [
      { label: "Word", of: (word) => word.text },
      { label: "Score", of: (word) => score(word.score), number: true },
      { label: "Margin", of: (word) => score(word.margin), number: true },
      { label: "Example", of: (word) => h("button.small", { "aria-label": `Add as an example: ${word.text}`, on: { click: () => use(word.text) } }, "Add") }] }));
  }

  load(order);
  return h("section.card.stack", h("div.row.apart", h("h2", "Its words"), h("div.row",
    field("Order", select({ surest: "surest first", unsure: "least sure first" }, order, (by) => { keep({ topic, order: by }); load(by); })), field("Examples of", into))), box);
}
