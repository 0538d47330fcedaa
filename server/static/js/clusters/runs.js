// The runs: their table, the form that starts one, and how one found its number of clusters.

import { h, s } from "../dom.js";
import { count, score } from "../format.js";
import { field } from "../parts/field.js";
import { table } from "../parts/table.js";
import { link } from "../router.js";

/** When a run began, to the second: two may be of one minute. */
export const at = (run) => new Date(run.created).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const asked = ({ settings }) => settings.around ?? String(settings.k);

const number = (label, of) => ({ label, of, number: true });

/** Return the table of runs; `shown` is the id of one. */
export const runTable = (runs, shown) => table({
  caption: "Runs, newest first",
  rows: runs,
  columns: [
    { label: "Started", of: (run) => h("a", { href: link("clusters", { run: run.id }), "aria-current": run.id === shown && "true" }, at(run)) },
    { label: "Asked for", of: asked },
    number("Clusters", ({ k }) => k ?? "\u2013"),
    number("Words", ({ words }) => count(words)),
    number("Score", ({ quality }) => score(quality?.score)),
    number("Silhouette", ({ quality }) => score(quality?.silhouette)),
    { label: "Status", of: ({ status, pinned, active }) => h("div.chips",
      h(`span.badge.${status === "failed" ? "bad" : "good"}`, status), pinned && h("span.badge", "pinned"), active && h("span.badge.warn", "active")) },
  ],
});

/** Return the form that starts a run; `newest` is the id of the one to go on from. */
export function startForm(newest, start) {
  const [k, k_min, k_max] = ["auto", "2", "auto"].map((placeholder) => h("input", { type: "number", min: 1, max: 1000, placeholder }));
  const [around, on] = [false, true].map((checked) => h("input", { type: "checkbox", checked }));
  const submit = (event) => {
    event.preventDefault();
    start(around.checked ? { around: "topics" }
      : { k: +k.value || "auto", k_min: +k_min.value || undefined, k_max: +k_max.value || undefined, start: (on.checked && newest) || null });
  };
  return h("form.card.stack", { on: { submit } },
    h("h2", "Start a run"), field("Clusters", k, "Left empty, the number is looked for:"), h("div.range", field("From", k_min), field("To", k_max)),
    h("label.check", around, "Around the topics"), newest && h("label.check", on, "Go on from the newest run"), h("button.primary", "Start"));
}

/** Return how a run found its number: in words, as a line and as a table. */
export function curve({ curve: points, criterion, k, clear }) {
  const values = points.map(([, value]) => value);
  const [low, high, first, last] = [Math.min(...values), Math.max(...values), points[0][0], points.at(-1)[0]];
  const x = (n) => 20 + 320 * (Math.log(n / first) / (Math.log(last / first) || 1)); // each k tried is some per cent above the one before
  const y = (value) => 144 - 120 * ((value - low) / (high - low || 1));
  const label = (n, top, said = n) => s("text", { x: x(n), y: top, "text-anchor": "middle" }, said);
  return h("div.card.stack", h("h2", clear ? `${k} clusters stand out` : `No number stands out; ${k} is the middle of those that do as well`), h("div.columns",
    s("svg.curve", { viewBox: "0 0 360 168", role: "img", "aria-label": `${criterion} by the number of clusters` },
      s("polyline", { points: points.map(([n, value]) => [x(n), y(value)]).join(" ") }),
      s("circle", { cx: x(k), cy: y(new Map(points).get(k)), r: 5 }), label(k, 12, `k = ${k}`), label(first, 164), label(last, 164)),
    table({ caption: criterion, rows: points, columns: [{ label: "Clusters", of: ([n]) => (n === k ? h("strong", n, ", chosen") : n) }, number("Value", ([, value]) => score(value, 3))] })));
}
