// Bars: a score from 0 to 1 with its name, its number, and a threshold as a line.

import { h, text } from "../dom.js";
import { score } from "../format.js";

/** Return a bar; `line` is a threshold or null, `hue` a CSS colour, `best` sets it apart. */
export function bar({ name, value, line = null, hue = null, best = false, shown = score(value) }) {
  const at = (number) => Math.min(1, Math.max(0, number));
  return h(`div.bar${best ? ".best" : ""}`, { style: { "--value": at(value), ...(hue && { "--hue": hue }) } },
    text(name),
    h("div.track", { "aria-hidden": "true" }, h("div.fill"),
      line !== null && h("div.line", { style: { "--at": at(line) }, title: `threshold ${score(line)}` })),
    h("span.number", shown));
}

/** The hue of the place of a name among all names, twelve of them in turn. */
export const hue = (place) => (place < 0 ? null : `var(--hue-${place % 12})`);
