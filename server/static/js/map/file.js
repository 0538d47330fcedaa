// The map in a single file: what the page shows without a server.

import { fill, h, text } from "../dom.js";
import { counted } from "../format.js";
import { field, select } from "../parts/field.js";
import { themeButton } from "../parts/theme.js";
import { Camera } from "./camera.js";
import { numbers } from "./colours.js";
import { legend } from "./legend.js";
import { plot } from "./plot.js";
import { kept } from "./quality.js";

const { title, words, quality, points, colourings, texts, text_rows: rows } = JSON.parse(document.getElementById("data").textContent);
const all = colourings.map((one) => ({ ...one, rows: numbers(one.rows, Uint16Array) }));
const known = new Map(texts.map((said, i) => [rows?.[i] ?? i, said]));
const [key, status] = [h("section.card.stack"), h("p.small", { role: "status" })];
let [colours, chosen] = [all[0], null];

const hover = (row) => shown.mark(row, known.get(row));
const shown = plot({ points: numbers(points, Uint16Array), camera: new Camera(), label: `Map of ${counted(words, "word")}`,
  on: { hover, pick: (row) => fill(status, text(known.get(row) ?? "")), clear: () => light(null) } });

function light(found) {
  shown.light(found);
  fill(status, found && counted(found.length, "word"));
  fill(key, h("h2", "Legend"), colours && legend(colours, chosen, (place) => {
    chosen = chosen === place ? null : place;
    light(chosen === null ? null : [...colours.rows.keys()].filter((row) => colours.rows[row] === chosen));
  }));
}
const colour = (by) => { [colours, chosen] = [all[by], null]; shown.colour(colours); light(null); };
const find = h("input", { type: "search", on: { input: () => { const typed = find.value.toLowerCase(); chosen = null; light(typed ? [...known.keys()].filter((row) => known.get(row).toLowerCase().includes(typed)) : null); } } });

document.title = title;
document.body.append(h("main.view-map", h("div.head", h("div", h("h1", text(title)), h("p", counted(words, "word"), ". ", kept(quality))), themeButton()),
  h("div.row.map-bar", all.length > 0 && field("Colour by", select(Object.fromEntries(all.map(({ by }, i) => [i, by.replace("metadata:", "")])), 0, colour)),
    field("Search", find, known.size < words && `in ${counted(known.size, "text")}`)), h("div.map-body", h("div.stack", shown.element, status), h("div.stack.side", key))));
if (all.length) colour(0);
