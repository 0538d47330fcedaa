// The name of a topic beside its hue; null is "none of these".

import { h, text } from "../dom.js";
import { hue } from "../parts/bar.js";
import { table } from "../parts/table.js";

export const label = (name, names) =>
  h("span.topic", h("span.dot", { style: { "--hue": hue(names.indexOf(name)) } }), name === null ? "none of these" : text(name));

/** Return a table of words that get another topic. */
export const moves = (rows, names) => rows.length > 0 && table({ caption: "Some of the words that move", rows, columns: [
  { label: "Word", of: (word) => word.text },
  { label: "From", of: (word) => label(word.from, names) },
  { label: "To", of: (word) => label(word.to, names) }] });
