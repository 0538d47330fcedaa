// What colours mean: classes with their counts, or a scale; and what a map keeps, in words.

import { h, text } from "../dom.js";
import { count, score } from "../format.js";
import { hue } from "../parts/bar.js";

/** The name of a class beside its hue. */
export const named = ({ name }, place) => [h("span.dot", { style: { "--hue": hue(place) } }), " ", text(name)];

/** Return the legend; a click on a class calls `choose(its place)`; `chosen` is the one that is lit. */
export function legend({ kind, legend: classes, low, high }, chosen, choose) {
  if (kind === "value") return h("div.scale", h("span.number", score(low)), h("div.ramp"), h("span.number", score(high)));
  return h("ul.plain", { "aria-label": "Classes" }, classes.map((one, place) => h("li", h("button.plain.small", { type: "button", "aria-pressed": String(place === chosen), on: { click: () => choose(place) } },
    named(one, place), h("span.number", count(one.count))))));
}

/** Say what a map keeps of the full space; its quality may be null. */
export function kept(quality) {
  const share = quality?.neighbours_kept ?? null;
  if (share === null) return "There are too few words to say what the map keeps.";
  const those = share > 0.4 ? `${Math.round(10 * share)} of 10` : `1 of ${Math.min(999, Math.round(1 / share))}`;
  return `The map keeps ${those} true neighbours: near means alike, far means little.`;
}
