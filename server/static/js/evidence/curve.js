// Coverage against precision: a curve on which a threshold is dragged, its effect seen before it is saved.

import { fill, h, s } from "../dom.js";
import { percent, score } from "../format.js";
import { effect, trials } from "./figures.js";

const FLOOR = 236, x = (share) => 44 + 566 * share, y = (share) => FLOOR - 226 * share;
const path = (kind, places) => s(`path.${kind}`, { d: `M${places.map(([across, up]) => `${x(across)} ${y(up)}`).join("L")}` });
const label = (across, up, anchor, said) => s("text", { x: across, y: up, "text-anchor": anchor }, said);

/** Return the curve of `by`, "score" or "margin"; `save(least)` gets what was chosen, null for no limit. */
export function curve({ curves, thresholds }, by, save) {
  const points = curves[by], last = points.length - 1, used = thresholds[by];
  const cut = (i) => (i === last ? null : Math.floor(points[i].threshold * 1e4) / 1e4); // the last one refuses nothing
  const line = (of, bound = "value") => points.map((p) => [p.coverage, p[of][bound]]);
  const handle = s("circle", { r: 6 }), at = s("g", s("path", { d: `M0 ${FLOOR}V10` }), handle);
  const svg = s("svg.plot", { viewBox: "0 0 640 266", role: "img", "aria-label": "Right answers by the share of rows answered; a table follows" },
    [0, 0.25, 0.5, 0.75, 1].map((q) => [path("grid", [[0, q], [1, q]]), label(38, y(q) + 4, "end", score(q)), label(x(q), 258, "middle", percent(q))]),
    path("band", [...line("precision", "high"), ...line("precision", "low").reverse()]),
    points[0].none_recall.n > 0 && path("refused", line("none_recall")), path("right", line("precision")), at);

  const range = h("input", { type: "range", max: last, "aria-label": `Least ${by}`, on: { input: () => move(range.valueAsNumber) } });
  const said = h("p.said"), button = h("button.primary", { type: "button", on: { click: () => save(cut(range.valueAsNumber)) } });
  const move = (i) => {
    const { coverage, precision, none_recall: refused } = points[i];
    const words = `${i === last ? `Without a least ${by}` : `At ${score(cut(i))}`}: ${effect(coverage, precision, refused)}`;
    range.value = i;
    range.setAttribute("aria-valuetext", words);
    at.setAttribute("transform", `translate(${x(coverage)})`);
    handle.setAttribute("cy", y(precision.value));
    fill(said, words);
    fill(button, i === last ? `Save no least ${by}` : `Save ${score(cut(i))}`);
  };
  const drag = (event) => {
    const box = svg.getBoundingClientRect(), share = (640 * (event.clientX - box.left) / box.width - 44) / 566;
    if (event.buttons) move(points.findIndex((p) => p.coverage >= Math.min(1, share)));
  };
  svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); drag(event); });
  svg.addEventListener("pointermove", drag);
  move(used === null ? last : Math.max(0, points.findLastIndex((p) => p.threshold >= used)));
  return [h("div", svg, range), h("p.small.quiet", "Across: the share of rows answered. Solid: right, of the answered, in its 95 % band. Dotted: refused, of texts of no topic."), said, h("div.row", button),
    h("details", h("summary", "As a table"), trials(`What each least ${by} gives`, points.map((p, i) => [score(cut(i), 4), p])))];
}
