// The map in a single file: what the page shows without a server.

import { fill, h, text } from "../dom.js";
import { counted } from "../format.js";
import { field, select } from "../parts/field.js";
import { themeButton } from "../parts/theme.js";
import { numbers, PALE } from "./colours.js";
import { Camera } from "./gestures.js";
import { kept, legend } from "./legend.js";
import { plot } from "./plot.js";

const data = JSON.parse(document.getElementById("data").textContent);
const all = data.colourings.map((one) => ({ ...one, rows: numbers(one.rows, Uint16Array) }));
const texts = new Map(data.texts.map((said, i) => [data.text_rows?.[i] ?? i, said]));
const [key, status] = [h("section.card.stack"), h("p.small", { role: "status" })];
let colours;

const mark = (row) => shown.mark(row, texts.get(row));
const shown = plot({ camera: Object.assign(new Camera().to(), { home: true }), label: `Map of ${counted(data.words, "word")}`,
  on: { hover: mark, pick: (row) => fill(status, text(texts.get(row) ?? "")), clear: () => light() } });

/** Light some rows, or all; `chosen` is the class that they are. */
function light(rows = null, chosen) {
  shown.light(rows);
  fill(status, rows && counted(rows.length, "word"));
  if (colours) fill(key, legend(colours, chosen, (place) => (place === chosen ? light() : light([...colours.rows.keys()].filter((row) => colours.rows[row] === place), place))));
}
const colour = (place) => { colours = all[place]; shown.colour(colours); light(); };
const search = ({ target }) => {
  const typed = target.value.toLowerCase();
  light(typed ? [...texts.keys()].filter((row) => texts.get(row).toLowerCase().includes(typed)) : null);
};
const by = Object.fromEntries(all.map((one, i) => [i, one.by.replace("metadata:", "")]));

document.title = data.title;
const view = document.getElementById("view");
view.className = "view-map";
fill(view, h("div.head", h("div", h("h1", text(data.title)), h("p", counted(data.words, "word"), ". ", kept(data.quality))), themeButton()),
  h("div.row.map-bar", all.length > 0 && field("Colour by", select(by, 0, colour)), field("Search", h("input", { type: "search", on: { input: search } }), texts.size < data.words && `in ${counted(texts.size, "text")}`)),
  h("div.map-body", h("div.stack", shown.element, status), all.length > 0 && h("div.side", key)));
shown.place(numbers(data.points, Uint16Array));
if (all.length) colour(0);
else shown.colour(PALE);
