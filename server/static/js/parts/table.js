// Tables: rows of records, with a caption.

import { h, text } from "../dom.js";

/**
 * Return a table in its own scrolling box. A column: {label, of: (row) => node or text, number, wide}; strings are shown
 * as texts of users. The first column heads its row.
 */
export function table({ caption, columns, rows }) {
  const cell = (row, column, first) => {
    const value = column.of(row);
    return h(first ? "th" : "td", { scope: first ? "row" : null, class: [column.number && "number", column.wide && "wide"].filter(Boolean).join(" ") || null },
      typeof value === "string" ? text(value) : value);
  };
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
    h("table", h("caption", caption),
      h("thead", h("tr", columns.map((column) => h("th", { scope: "col", class: column.number ? "number" : null }, column.label)))),
      h("tbody", rows.map((row) => h("tr", columns.map((column, i) => cell(row, column, i === 0)))))));
}
