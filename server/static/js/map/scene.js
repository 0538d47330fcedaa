// One map on the page: its plots, what colours them, what is searched, picked, selected and pinned.

import { connection, get, path, question } from "../api.js";
import { answers, verdict } from "../ask/verdict.js";
import { fill, h, text } from "../dom.js";
import { counted, score, when } from "../format.js";
import { hue } from "../parts/bar.js";
import { field, select } from "../parts/field.js";
import { tell } from "../parts/notice.js";
import { keep } from "../router.js";
import { Camera } from "./camera.js";
import { numbers } from "./colours.js";
import { legend } from "./legend.js";
import { neighbours, picked, selection, wordPages } from "./panel.js";
import { plot } from "./plot.js";

const WIDTH = 65_535;
const MOST_ROWS = 100_000; // of a selection by rows

/** Show a map in `root`; `at` is what the address says of it, and is kept there. */
export async function scene(root, { map, topics, runs, metadata, at, signal }) {
  const one = (...rest) => path("maps", map.id, ...rest);
  const names = topics.map(({ name }) => name);
  const camera = new Camera();
  camera.to(...(at.at ?? "").split(",").map(Number));
  let [points, order, low, high, chosen, word, timer] = [new Uint16Array(), null, 0, 0, null, null, 0];
  let [colours, beside, known] = [null, null, new Map()]; // known: words by row
  const [key, about, picking, status, plots, ends] = [h("section.card.stack", { "aria-label": "Legend" }), h("section.card.stack", { hidden: true, "aria-label": "Selection" }),
    h("section.card.stack", { hidden: true, "aria-label": "Picked" }), h("p.small", { role: "status" }), h("div.plots"), h("p.small.number")];
  const remember = () => { if (!signal.aborted) keep({ ...at, at: camera.zoom === 1 && camera.x === 0.5 ? null : camera }); };
  const attempt = async (step) => { try { await step(); } catch (error) { if (!signal.aborted) tell(error); } };
  const later = (step, pause) => { clearTimeout(timer); timer = setTimeout(() => attempt(step), pause); };

  const wordsOf = async (name, values) => (values.length ? (await get(`${one("words")}?${name === "rows" ? `rows=${values}` : new URLSearchParams(values.map((id) => ["ids", id]))}`, null, { signal })).words : []);
  async function texts(rows) {
    const missing = [...rows].filter((row) => !known.has(row));
    if (known.size > 20_000) known = new Map();
    for (const each of await wordsOf("rows", missing)) known.set(each.row, each);
    return [...rows].map((row) => known.get(row)).filter(Boolean);
  }

  const on = {
    hover: (row) => (row === undefined ? clearTimeout(timer) : later(async () => { const [found] = await texts([row]); if (found) for (const each of shown()) each.mark(row, found.text); }, 40)),
    pick: (row) => attempt(() => pick(row)),
    lasso: (polygon) => attempt(() => choose({ polygon, ...(at.a && { axes: [at.a, at.b] }) }, "inside the lasso")),
    clear: () => clear(),
  };
  const make = (name) => plot({ points, camera, on, label: `${name}: arrow keys move, plus and minus zoom, 0 shows all, Escape clears; the words are in the table after it` });
  const first = make("Map");
  let second = null;
  const shown = () => [first, second].filter(Boolean);
  const pages = wordPages(texts, { pick: on.pick, mark: (each) => first.mark(each?.row, each?.text), columns: () => (colours?.kind === "class" ? [{ label: "Class", of: ({ row }) => entry(colours.rows[row]) }] : []) });
  const entry = (place) => (colours.legend[place] ? h("span.small", h("span.dot", { style: { "--hue": hue(place) } }), " ", text(colours.legend[place].name)) : "\u2013");
  const list = () => { if (!chosen) { const rows = first.inView(); pages.show(rows, "In view"); } };

  /** Read points and colours where they are not known as they are now. */
  async function read(anew = false) {
    const query = at.a ? `?${new URLSearchParams([["axes", at.a], ["axes", at.b]])}` : "";
    const headers = order && !anew ? { "If-None-Match": `"${order}"` } : {};
    const came = await get(one("points") + query, null, { bytes: true, whole: true, headers, signal }).catch((error) => { if (error.status !== 304) throw error; });
    if (came) {
      [points, order, known] = [new Uint16Array(came.answer), came.response.headers.get("ETag")?.replace(/^W\/|"/g, ""), new Map()];
      [low, high] = ["Low", "High"].map((end) => Number(came.response.headers.get(`Topicdex-${end}`)));
      for (const each of shown()) each.place(points, Boolean(at.a));
      fill(ends, at.a && [text(at.a), " across, ", text(at.b), ` upwards: cosines from ${score(low)} to ${score(high)}; on the line both are alike.`]);
    }
    const coloured = async (by) => { const found = await get(one("colours"), { by }, { signal }); return { ...found, rows: numbers(found.rows, Uint16Array) }; };
    [colours, beside] = await Promise.all([coloured(at.by), at.with && coloured(at.with)]);
    if (colours.order !== order) return later(read, 300); // words came between the two
    dress();
    if (came && chosen) await again();
    if (came && word) await attempt(async () => { const [now] = await wordsOf("ids", [word.id]); if (now) await pick(now.row); });
    return list();
  }

  function dress() {
    if (Boolean(beside) !== Boolean(second)) {
      second?.element.remove();
      second = beside ? make("The same map in other colours") : null;
      if (second) { plots.append(second.element); second.place(points, Boolean(at.a)); }
    }
    first.colour(colours);
    second?.colour(beside);
    fill(key, h("h2", at.by === "score" ? "Score of the best topic" : "Legend"), legend(colours, chosen?.place, (place) => attempt(() => (chosen?.place === place ? clear() : lightClass(place)))));
  }

  async function choose(body, said, more = {}) {
    const found = await question(one("select"), body, { signal });
    const rows = numbers(found.rows, Uint32Array);
    chosen = { body, said, rows, ...more };
    for (const each of shown()) each.light(rows);
    fill(about, selection(found, said, names, on.pick, clear));
    about.hidden = false;
    dress();
    return pages.show(rows, "Selected");
  }
  function lightClass(place) {
    const rows = [...colours.rows.keys()].filter((row) => colours.rows[row] === place);
    at.class = colours.legend[place].name;
    remember();
    return choose({ rows: rows.slice(0, MOST_ROWS) }, ["of ", text(at.class)], { place });
  }
  function search(typed) {
    at.q = typed;
    remember();
    return typed ? choose({ contains: typed }, ["that contain ", text(typed)]) : clear();
  }
  function again() {
    const place = colours.legend.findIndex(({ name }) => name === at.class);
    if (chosen?.place !== undefined || (!chosen && at.class)) return place < 0 ? clear() : lightClass(place);
    if (at.q && (!chosen || chosen.body.contains)) return search(at.q);
    return chosen?.body.polygon ? choose(chosen.body, chosen.said) : clear();
  }
  function clear() {
    Object.assign(at, { class: null, q: null });
    [chosen, word, find.value] = [null, null, ""];
    about.hidden = picking.hidden = true;
    for (const each of shown()) { each.light(null); each.pick(null); }
    dress();
    remember();
    list();
  }

  async function pick(row) {
    [word] = await texts([row]);
    const near = await neighbours(word, (ids) => wordsOf("ids", ids), signal);
    for (const each of shown()) each.pick(row, near.map((each) => each.row));
    first.seek(row);
    fill(picking, picked(word, near, first.apart, on.pick, () => { word = null; picking.hidden = true; for (const each of shown()) each.pick(null); }));
    picking.hidden = false;
  }

  async function locate(typed) {
    const [{ results: [place] }, { results: [found], thresholds }] = await Promise.all([question(one("locate"), { texts: [typed] }, { signal }), answers([typed], signal)]);
    const along = (name) => Math.round(WIDTH * Math.min(1, Math.max(0, (found.matches.find(({ topic }) => topic === name).score - low) / (high - low || 1))));
    const pin = { name: typed, ...(at.a ? { x: along(at.a), y: along(at.b) } : place) };
    const off = place.off_map && !at.a;
    for (const each of shown()) each.pin(off ? [] : [pin]);
    fill(status, text(typed), off ? " is off the map: it is like no word here. " : ": ", h("b", verdict(found, thresholds)));
    if (!off) first.show(pin);
  }

  const find = h("input", { type: "search", value: at.q ?? "", on: { input: () => later(() => search(find.value), 200) } });
  const typed = h("input", { type: "text", required: true });
  const clusters = Object.fromEntries(runs.slice(1).map((run) => [`cluster:${run.id}`, `clusters of ${when(run.created)}`]));
  const by = { topic: "topic", cluster: "cluster", score: "score", ...clusters, ...Object.fromEntries(metadata.map((name) => [`metadata:${name}`, name])) };
  const set = (changes, anew = false) => { Object.assign(at, changes); remember(); attempt(() => read(anew)); };
  const axis = (which, none) => { const made = select({ "": none, ...Object.fromEntries(names.map((name) => [name, name])) }, at[which] ?? "", (name) => {
    const other = which === "a" ? "b" : "a";
    const taken = at[other] && at[other] !== name ? at[other] : names.find((each) => each !== name);
    const pair = name ? { [which]: name, [other]: taken } : { a: null, b: null };
    [across.value, upwards.value] = [pair.a ?? "", pair.b ?? ""];
    set(pair, true);
  }); return made; };
  const [across, upwards] = [axis("a", "the map"), axis("b", "the map")];
  if (!Object.hasOwn(by, at.by ?? "")) at.by = runs.length && !names.length ? "cluster" : "topic";
  const view = h("button.small", { type: "button", on: { click: () => { const rows = first.inView(); attempt(() => choose({ rows: rows.slice(0, MOST_ROWS) }, "in view")); } } }, "Select what is in view");
  camera.addEventListener("moved", () => later(() => { remember(); list(); }, 250));
  fill(plots, first.element);
  fill(root,
    h("div.row.map-bar", field("Colour by", select(by, at.by, (name) => set({ by: name, class: null }))), field("Beside it", select({ "": "nothing", ...by }, at.with ?? "", (name) => set({ with: name }))),
      names.length > 1 && [field("Across", across), field("Upwards", upwards)], field("Search", find),
      h("form", { on: { submit: (event) => { event.preventDefault(); attempt(() => locate(typed.value)); } } }, field("Where would a text lie?", typed))),
    h("div.map-body", h("div.stack", plots, h("div.row.apart", status, ends, view)), h("div.stack.side", picking, about, key, pages.element)),
    first.most < map.words && h("p.notice.warn", `This browser has no WebGL2: ${counted(first.most, "word")} of the map are drawn.`));
  let fresh = 0;
  connection.addEventListener("changed", () => { clearTimeout(fresh); fresh = setTimeout(() => attempt(read), 200); }, { signal });
  await read();
  if (at.class || at.q) await again();
}
