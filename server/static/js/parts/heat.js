// Heat maps: a matrix of scores as a table, each number on a ground as strong as it is high.

import { h, text } from "../dom.js";
import { score } from "../format.js";

/**
 * Return the matrix of `rows` by `columns`; `matrix[i][j]` is a score or null. `best(i, j)` marks a cell, `low` is the
 * score that has no colour, `corner` heads the rows.
 */
export function heat({ rows, columns, matrix, caption, corner = "", best = () => false, low = 0 }) {
  const strength = (value) => (value === null ? 0 : value >= low ? 0.85 * Math.min(1, (value - low) / (1 - low)) : 0.85 * Math.min(1, (low - value) / (1 + low)));
  const cell = (value, i, j) => h(`td${best(i, j) ? ".best" : ""}`,
    { style: { "--strength": strength(value).toFixed(3), "--shade": value !== null && value < low ? "var(--heat-low)" : "var(--heat-high)" } },
    score(value));
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
    h("table.heat", h("caption", caption),
      h("thead", h("tr", h("th", { scope: "col" }, corner), columns.map((name) => h("th", { scope: "col" }, text(name))))),
      h("tbody", rows.map((name, i) => h("tr", h("th", { scope: "row" }, text(name)), matrix[i].map((value, j) => cell(value, i, j)))))));
}
