// What colours mean: classes with their counts, or a scale of values.

import { h, text } from "../dom.js";
import { count, score } from "../format.js";
import { hue } from "../parts/bar.js";

const FIRST = 24;

/** Return the legend; a click on a class calls `choose(its place)`, `chosen` is the one that is lit. */
export function legend({ kind, legend: classes, low, high }, chosen, choose) {
  if (kind === "value") return h("div.scale", h("span.number", score(low)), h("div.ramp"), h("span.number", score(high)));
  if (!classes.length) return h("p.quiet", "No word has one.");
  const button = ({ name, count: words }, place) => h("li", h("button.plain.small", { type: "button", "aria-pressed": place === chosen, on: { click: () => choose(place) } },
    h("span.dot", { style: { "--hue": hue(place) } }), text(name), h("span.number", count(words))));
  const all = classes.map(button);
  const list = h("ul.plain", { "aria-label": "Classes" }, all.slice(0, Math.max(FIRST, chosen + 1)));
  const more = h("button.small", { type: "button", on: { click: () => { list.append(...all); more.remove(); } } }, `Show all ${count(all.length)}`);
  return [list, all.length > list.children.length && more];
}
