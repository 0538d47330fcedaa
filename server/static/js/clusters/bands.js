// What became of the clusters from run to run: in words, as a table, as bands between the runs.

import { get, path } from "../api.js";
import { h, s, text } from "../dom.js";
import { counted } from "../format.js";
import { table } from "../parts/table.js";
import { at } from "./runs.js";

/** Return the step between two runs; its `rows` are {from, to, what, words}, with clusters or undefined. */
export async function stepOf(before, after, signal) {
  const known = after.settings.start === before.id && after.lineage;
  const lineage = known || await get(path("clusterings", before.id, "diff", after.id), null, { signal });
  const { continued, born, gone, split, merged } = lineage;
  const kinds = { continued, new: born.map((to) => ({ to })), gone: gone.map((from) => ({ from })), split, merged };
  const those = (run, ids) => [ids].flat().map((id) => run.clusters.find((cluster) => cluster.id === id));
  const rows = Object.entries(kinds).flatMap(([what, all]) => all.flatMap(({ from, to, shared: words }) =>
    those(before, from).flatMap((old) => those(after, to).map((one) => ({ from: old, to: one, what, words })))));
  return { before, after, rows, lineage };
}

/** Say what a cluster of the later run is. */
export const fate = (cluster, { rows }) => rows.filter(({ to }) => to === cluster).map(({ from, what }) =>
  h("p.small", h("span.badge", what), from && [" from ", text(from.name)]));

/** Return a step as a table, headed by the sum of it. */
export function told({ before, after, rows, lineage }) {
  const sums = ["continued", "born", "gone", "split", "merged"].map((what) => `${lineage[what].length} ${what}`).join(", ");
  return table({
    caption: `${at(before)} to ${at(after)}: ${sums}; ${lineage.moved} of ${counted(lineage.common, "word")}${lineage.to ? " that are there now" : ""} moved`,
    rows,
    columns: [
      { label: "Before", of: ({ from }) => from?.name ?? "\u2013" },
      { label: "Became", of: ({ what }) => what },
      { label: "After", of: ({ to }) => to?.name ?? "\u2013" },
      { label: "Words in common", number: true, of: ({ words }) => words ?? "\u2013" },
    ],
  });
}

/** Return the picture of steps, `width` pixels wide; arrow keys go through it, and a line names what is there. */
export function bands(steps, hues, width) {
  const runs = [steps[0].before, ...steps.map(({ after }) => after)];
  const most = Math.max(...runs.map(({ k }) => k));
  const height = Math.min(720, Math.max(180, 18 * most));
  const unit = 0.75 * height / Math.max(...runs.map(({ words }) => words)); // the height of a word
  const apart = (width - 160) / steps.length; // the last names need room
  const places = new Map(); // of a cluster: its top, and where its next band comes in and goes out
  const [shapes, names] = [[], []];
  const shape = (name, cluster, said, more) => shapes.push(s(name,
    { role: "img", tabindex: shapes.length ? -1 : 0, "aria-label": said, style: hues.has(cluster) && { "--hue": hues.get(cluster) }, ...more }));
  for (const [i, run] of runs.entries()) {
    const x = i * apart;
    const rows = (steps[i - 1]?.rows ?? []).filter(({ from, to }, j, all) => from && to && j === all.findIndex((row) => row.from === from && row.to === to));
    const came = new Map(rows.map(({ from, to }) => [to, places.get(from).y]).reverse()); // the first of several counts: what it continues
    let y = 22;
    names.push(s("text", { x, y: 12 }, at(run)));
    for (const cluster of run.clusters.toSorted((a, b) => (came.get(a) ?? height) - (came.get(b) ?? height) || b.size - a.size)) {
      const tall = Math.max(1, unit * cluster.size);
      places.set(cluster, { y, in: y, out: y });
      shape("rect", cluster, `${cluster.name}: ${counted(cluster.size, "word")}`, { x, y, width: 10, height: tall });
      if (tall + height / 4 / most > 11) names.push(s("text", { x: x + 15, y: y + tall / 2 + 4 }, cluster.name.replace(/^(.{18}).{3,}/u, "$1\u2026")));
      y += tall + height / 4 / most;
    }
    for (const { from, to, what, words } of rows.sort((a, b) => places.get(a.from).y - places.get(b.from).y || places.get(a.to).y - places.get(b.to).y)) {
      const [a, b] = [places.get(from), places.get(to)];
      const wide = Math.max(1, unit * Math.min(words ?? Infinity, from.size, to.size) / (words ? 1 : 2)); // of a split or merger only "over half" is known
      const [left, middle] = [x - apart + 10, x - apart / 2];
      shape("path", to, `${from.name} \u2192 ${to.name}: ${what}${words ? `, ${counted(words, "word")} in common` : ""}`,
        { d: `M${left} ${a.out + wide / 2}C${middle} ${a.out + wide / 2} ${middle} ${b.in + wide / 2} ${x} ${b.in + wide / 2}`, "stroke-width": wide });
      a.out += wide;
      b.in += wide;
    }
  }
  const line = h("p.small", { role: "status" }, "What you point at, or reach with the arrow keys, is named here.");
  const say = ({ target }) => { line.textContent = target.getAttribute("aria-label") ?? line.textContent; };
  const keydown = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by) event.preventDefault();
    shapes[shapes.indexOf(event.target) + by]?.focus();
  };
  return [h("div.scroll", s("svg.bands", { width, height: height + 30, role: "group", "aria-label": "Clusters from run to run", on: { pointerover: say, focusin: say, keydown } }, shapes, names)), line];
}
