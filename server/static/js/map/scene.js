// One map on the page: its plots, and what colours them, is searched, picked, selected and pinned.

import { connection, get, path, question } from "../api.js";
import { answers, verdict } from "../ask/verdict.js";
import { fill, h, text } from "../dom.js";
import { counted, score, when } from "../format.js";
import { field, select } from "../parts/field.js";
import { tell } from "../parts/notice.js";
import { keep } from "../router.js";
import { numbers, PALE } from "./colours.js";
import { Camera } from "./gestures.js";
import { legend, named } from "./legend.js";
import { neighbours, picked, selection, wordPages } from "./panel.js";
import { plot } from "./plot.js";

const WIDTH = 65_535;
const MOST_ROWS = 100_000; // of a selection by rows
const KNOWN = 20_000; // texts that are kept

/** Show a map in `root`; `at` is what the address says: `by`, `with`, `a` and `b`, `class`, `q`, `at`; it is kept there. */
export async function scene(root, { map, topics, runs, metadata, at, signal }) {
  const names = topics.map(({ name }) => name);
  const one = (verb) => path("maps", map.id, verb);
  const read = async (query) => (Object.values(query)[0].length ? (await get(one("words"), query, { signal })).words : []);
  const rowsOf = (ids) => read({ ids });
  const camera = new Camera().to(...(at.at?.split(",").map(Number) ?? []));
  camera.home = !at.at;
  const [about, word, key, status, ends] = ["section.card.stack", "section.card.stack", "section.card.stack", "p.small", "p.small"].map((kind) => h(kind, { "aria-live": kind === "p.small" && "polite" }));
  let [points, range, order, known, colours, beside, chosen, open, texts] = [new Uint16Array(), [], null, null, PALE, null, null, null, new Map()];
  const [timers, turns] = [{}, { read: 0, select: 0 }];
  const attempt = async (step) => { try { await step(); } catch (error) { if (!signal.aborted) tell(error); } };
  const later = (name, pause, step) => { clearTimeout(timers[name]); timers[name] = setTimeout(() => !signal.aborted && attempt(step), pause); };
  const remember = (changes) => {
    if (signal.aborted) return; // the address is another view's
    Object.assign(at, changes, { at: camera.home ? null : [camera.x.toFixed(4), camera.y.toFixed(4), camera.zoom.toPrecision(4)].join() });
    keep(at);
  };
  const axes = () => (at.a && at.b && at.a !== at.b ? [at.a, at.b] : null);

  async function textsOf(rows) {
    if (texts.size > KNOWN) texts = new Map();
    const from = texts;
    for (const found of await read({ rows: String(rows.filter((row) => !from.has(row))) })) from.set(found.row, found);
    return rows.map((row) => from.get(row)).filter(Boolean);
  }

  const on = {
    hover(row) { mark(); later("hover", 40, async () => row !== undefined && mark(row, (await textsOf([row]))[0]?.text)); },
    mark: (row, said) => mark(row, said),
    pick: (row) => attempt(() => pick(row)),
    lasso: (polygon) => attempt(() => choose({ polygon, ...(axes() && { axes: axes() }) }, "inside the lasso")),
    clear: () => clear(),
  };
  const make = (name) => plot({ camera, on, label: `${name}: arrows move, plus and minus zoom, 0 shows all, Escape clears; its words are in the table that follows` });
  const plots = [make("Map")];
  const [place, main] = [h("div.plots", plots[0].element), plots[0]];
  const mark = (row, said) => plots.forEach((each) => each.mark(row, said));
  const pages = wordPages((rows) => textsOf([...rows]), () => (colours.legend.length ? [{ label: "Class", of: ({ row }) => h("span.small", colours.legend[colours.rows[row]] ? named(colours.legend[colours.rows[row]], colours.rows[row]) : "\u2013") }] : []), on);
  const list = () => attempt(() => (chosen ? pages.show(chosen.rows, "Selected") : pages.show(main.inView(), "In view")));

  async function coloured(by) {
    const found = await get(one("colours"), { by }, { signal });
    return { ...found, rows: numbers(found.rows, Uint16Array) };
  }
  /** Read points and colours as they are now. */
  async function refresh() {
    const [mine, along] = [++turns.read, axes()];
    const same = String(along) === known;
    const options = { bytes: true, whole: true, signal, headers: same && { "If-None-Match": `"${order}"` } };
    const [came, ...both] = await Promise.all([get(one("points"), { axes: along }, options).catch((error) => { if (error.status !== 304) throw error; }), at.by && coloured(at.by), at.with && coloured(at.with)]);
    if (mine !== turns.read) return null;
    if (came) {
      const { headers } = came.response;
      [points, texts, known, order, range] = [new Uint16Array(came.answer), new Map(), String(along), headers.get("ETag").replace(/^W\/|"/g, ""), ["Low", "High"].map((end) => Number(headers.get(`Topicdex-${end}`)))];
      plots.forEach((each) => each.place(points, along !== null));
      if (!same) { plots.forEach((each) => each.pin([])); fill(status); }
      fill(ends, along && [text(at.a), " across, ", text(at.b), ` upwards: scores from ${score(range[0])} to ${score(range[1])}; on the line both are equal.`]);
    }
    if (both.some((each) => each && each.order !== order)) return later("fresh", 300, refresh); // words came between the calls
    [colours, beside] = [both[0] || PALE, both[1]];
    if (Boolean(beside) === (plots.length === 1)) {
      if (beside) {
        plots.push(make("The same in other colours"));
        plots[1].place(points, along !== null);
        place.append(plots[1].element);
      } else plots.pop().end();
    }
    plots.forEach((each, i) => each.colour(i ? beside : colours));
    await again(came);
    if (came && open) await rowsOf([open.id]).then(([found]) => (found ? pick(found.row) : close()));
    return list();
  }

  const show = () => fill(key, h("h2", "Colours"), legend(colours, chosen?.place, (which) => attempt(() => (chosen?.place === which ? clear() : light(which)))),
    beside && [h("h2", "Beside it"), legend(beside, null, (which) => attempt(() => { remember({ class: null, q: null }); return choose(withClass(beside, which), text(beside.legend[which].name)); }))]);
  const withClass = ({ rows }, which) => ({ rows: [...rows.keys()].filter((row) => rows[row] === which).slice(0, MOST_ROWS) });
  async function choose(body, said, which) {
    const mine = ++turns.select;
    const found = await question(one("select"), body, { signal });
    if (mine !== turns.select) return null;
    chosen = { body, said, place: which, rows: numbers(found.rows, Uint32Array) };
    plots.forEach((each) => each.light(chosen.rows));
    fill(about, selection(found, said, names, on, clear));
    show();
    return list();
  }
  const light = (which) => {
    remember({ class: colours.legend[which].name, q: find.value = "" });
    return choose(withClass(colours, which), text(at.class), which);
  };
  const search = (q) => { remember({ q, class: null }); return q ? choose({ contains: q }, ["that contain ", text(q)]) : clear(); };
  /** Select again what the address says, or what was drawn: `moved`, rows are others now. */
  const again = (moved) => {
    const which = colours.legend.findIndex(({ name }) => name === at.class);
    if (at.class && which >= 0) return light(which);
    if (at.q) return search(at.q);
    if (!chosen) return show();
    chosen.place = undefined;
    if (!moved) {
      plots.forEach((each) => each.light(chosen.rows));
      return show();
    }
    return chosen.body.polygon ? choose(chosen.body, chosen.said) : clear();
  };
  function clear() {
    turns.select++;
    remember({ class: null, q: find.value = "" });
    chosen = null;
    fill(about);
    close();
    plots.forEach((each) => each.light(null));
    show();
    list();
  }
  const close = () => { open = null; fill(word); plots.forEach((each) => each.pick(null)); };

  async function pick(row) {
    [open] = await textsOf([row]);
    if (!open) return;
    const near = await neighbours(open, rowsOf, signal);
    plots.forEach((each) => each.pick(row, near.map((other) => other.row)));
    main.seek(points[2 * row], points[2 * row + 1]);
    side.scrollTop = 0; // where it stands
    fill(word, picked(open.text, near, (other) => main.apart(row, other), on, close));
  }

  async function locate(name) {
    const [{ results: [found] }, { results: [answer], thresholds }] = await Promise.all([question(one("locate"), { texts: [name] }, { signal }), answers([name], signal)]);
    const along = (axis) => WIDTH * (answer.matches.find(({ topic }) => topic === axis).score - range[0]) / (range[1] - range[0] || 1);
    const [x, y] = axes()?.map(along) ?? [found.x, found.y];
    const off = found.off_map && !axes();
    plots.forEach((each) => each.pin(off ? [] : [{ name, x, y }]));
    if (!off) main.seek(x, y);
    fill(status, text(name), off ? " is off the map: no word here is like it. " : ": ", h("b", verdict(answer, thresholds)));
  }

  const side = h("div.stack.side", word, about, key, pages.element);
  const find = h("input", { type: "search", value: at.q, on: { input: () => later("find", 200, () => search(find.value)) } });
  const typed = h("input", { type: "text", required: true, placeholder: "a word or a text" });
  const by = { ...(names.length && { topic: "topic", score: "score of the topic" }), ...(runs.length && { cluster: "cluster" }), ...Object.fromEntries([...runs.map(({ id, created }) => [`cluster:${id}`, `clusters, ${when(created)}`]), ...metadata.map((name) => [`metadata:${name}`, name])]) };
  if (!Object.hasOwn(by, at.by ?? "")) [at.by] = Object.keys(by);
  if (!Object.hasOwn(by, at.with ?? "")) at.with = null;
  const chooser = (label, name, options, more) => field(label, select(options, at[name] ?? "", (value) => attempt(() => { remember({ [name]: value, ...more }); return refresh(); })));
  const axis = { "": "\u2013", ...Object.fromEntries(names.map((name) => [name, name])) };
  const view = () => attempt(() => choose({ rows: main.inView().slice(0, MOST_ROWS) }, `in view, ${counted(MOST_ROWS, "word")} at most`));
  fill(root, h("div.row.map-bar", chooser("Colour by", "by", by, { class: null }), chooser("Beside it", "with", { "": "\u2013", ...by }),
    names.length > 1 && [chooser("Topic across", "a", axis), chooser("Topic upwards", "b", axis)], field("Search", find),
    h("form", { on: { submit: (event) => { event.preventDefault(); attempt(() => locate(typed.value)); } } }, field("Where would it lie?", typed))),
  h("div.map-body", h("div.stack", place, h("div.row.apart", status, ends, h("button.small", { on: { click: view } }, "Select what is in view"))), side),
  main.most < Infinity && h("p.notice.warn", `This browser has no WebGL2: the map is drawn on a plain canvas, ${counted(main.most, "word")} of it at most.`));
  camera.addEventListener("moved", () => later("moved", 250, () => { remember(); return chosen || list(); }));
  connection.addEventListener("changed", () => later("fresh", 200, refresh), { signal });
  signal.addEventListener("abort", () => plots.forEach((each) => each.end()));
  await refresh();
}
