// A plot: points under a camera, with names, lines and pins above them. It knows no API.

import { h } from "../dom.js";
import { kinds, palette } from "./colours.js";
import { gestures } from "./gestures.js";
import { gl } from "./gl.js";
import { write } from "./names.js";
import { grid } from "./pick.js";
import { plain } from "./plain.js";

const FRAME_MS = 33; // while it moves, as many points are drawn as fit
const WIDTH = 65_535;

/** Return `values`, some a row, mixed: the first are a fair sample, and no class lies above all others. */
function mixed(values, each) {
  const n = values.length / each;
  const common = (a, b) => (b ? common(b, a % b) : a);
  let step = Math.ceil(n * 0.618); // steps of a number without common factor come by every row
  while (common(step, n) > 1) step++;
  const found = new values.constructor(values.length);
  for (let i = 0, row = 0; i < n; i++, row = (row + step) % n) for (let j = 0; j < each; j++) found[each * i + j] = values[each * row + j];
  return found;
}

/**
 * Return a plot, empty until `place` gives it points. `label` says what it is; `camera` may be shared. `on` hears `hover(row)` (undefined: none), `pick(row)`, `lasso(polygon)` and `clear()`.
 */
export function plot({ label, camera, on }) {
  const [under, over] = [0, 1].map(() => h("canvas", { "aria-hidden": "true" }));
  const element = h("div.plot", { tabindex: 0, role: "application", "aria-label": label }, under, over);
  const painter = gl(under, () => send()) ?? plain(under);
  const above = over.getContext("2d");
  const style = getComputedStyle(element);
  const css = (name) => style.getPropertyValue(name);
  let points = new Uint16Array();
  let [index, colouring, lit, many, axes, polygon, picked, near, marked, pins] = [null, null, null, 0, false, [], null, [], [], []]; // many: that are lit
  let [frame, last, moving, fit, width, height, ratio, dirty] = [0, 0, 0, 100_000, 1, 1, 1, true];

  const unit = () => Math.min(width, height) * camera.zoom;
  const at = (x, y) => [width / 2 + (x / WIDTH - camera.x) * unit(), height / 2 - (y / WIDTH - camera.y) * unit()];
  const of = (row) => at(...points.subarray(2 * row, 2 * row + 2));
  const from = (left, top) => [((left - width / 2) / unit() + camera.x) * WIDTH, ((height / 2 - top) / unit() + camera.y) * WIDTH];
  const cells = () => index ??= grid(points);
  /** Show all of it. */
  function home() {
    const all = axes || points.length < 4;
    const [low, high] = all ? [[0, 0], [WIDTH, WIDTH]] : [[WIDTH, WIDTH], [0, 0]];
    for (let i = 0; i < points.length && !all; i++) { low[i % 2] = Math.min(low[i % 2], points[i]); high[i % 2] = Math.max(high[i % 2], points[i]); }
    const wide = [0, 1].map((axis) => Math.max(1000, high[axis] - low[axis]) / WIDTH);
    camera.to((low[0] + high[0]) / 2 / WIDTH, (low[1] + high[1]) / 2 / WIDTH, 0.96 * Math.min(width / wide[0], height / wide[1]) / Math.min(width, height));
    camera.home = true;
  }
  const decorateSoon = () => { frame ||= requestAnimationFrame(draw); }; // the points stay as they are
  const redraw = () => { dirty = true; decorateSoon(); };

  function send() {
    if (points.length) painter.place(mixed(points, 2));
    recolour();
  }
  function recolour() {
    if (points.length) painter.colour(mixed(kinds(colouring, lit, points.length / 2), 1), palette(css));
    redraw();
  }
  function draw(now) {
    frame = 0;
    const [still, n] = [now > moving, Math.min(points.length / 2, painter.most)];
    if (!still && last) fit = Math.max(5000, fit * Math.min(1.06, Math.max(0.6, FRAME_MS / (now - last))));
    last = still ? 0 : now;
    if (dirty || !still) {
      const size = (spread) => ratio * Math.min(14, Math.min(8, Math.max(1.6, 0.8 * Math.sqrt(width * height / (spread || 1)))) * Math.max(1, camera.zoom ** 0.4));
      const count = still ? n : Math.min(n, Math.round(fit));
      painter.draw({ x: camera.x, y: camera.y, unit: unit() * ratio, sizes: [size(lit ? 4 * many : n), size(n)], count });
      element.dataset.drawn = count;
    }
    dirty = false;
    decorate();
    if (!still) redraw();
  }

  function stroke(colour, wide, ...path) {
    Object.assign(above, { strokeStyle: css(colour), lineWidth: wide });
    above.beginPath();
    for (const [x, y, radius] of path) if (radius) above.arc(x, y, radius, 0, 7); else above.lineTo(x, y);
    above.stroke();
  }
  function decorate() {
    above.setTransform(ratio, 0, 0, ratio, 0, 0);
    above.clearRect(0, 0, width, height);
    above.font = `600 13px ${style.fontFamily}`;
    const taken = [];
    const names = (legend, shift) => write(above, legend, taken, (x, y) => { const [left, top] = at(x, y); return [left, top - shift]; }, { ink: css("--ink"), ground: css("--surface"), width, height });
    if (axes) stroke("--strong-line", 1.5, at(0, 0), at(WIDTH, WIDTH));
    for (const row of near) { stroke("--accent", 1.5, of(picked), of(row)); stroke("--accent", 2, [...of(row), 4]); }
    for (const row of [picked, marked[0]?.row ?? null]) if (row !== null) stroke("--ink", 2, [...of(row), 8]);
    for (const { x, y } of pins) { const [left, top] = at(x, y); stroke("--ink", 2, [left, top], [left, top - 20]); stroke("--ink", 2, [left, top - 24, 4]); }
    names(marked, 20);
    names(pins, 40);
    if (!axes) names(colouring?.legend ?? [], 0);
    if (polygon.length) stroke("--accent", 2, ...polygon, polygon[0]);
  }

  const rowAt = (left, top, reach) => cells().nearest(...from(left, top), reach / unit() * WIDTH);
  element.append(gestures(element, {
    camera, unit, home,
    hover: (left, top) => on.hover(points.length ? rowAt(left, top, 8) : undefined),
    pick(...place) { const row = rowAt(...place); if (row !== undefined) on.pick(row); },
    drawn(shape, ended) {
      polygon = ended ? [] : shape;
      if (ended && shape.length > 2) on.lasso?.(shape.map((point) => from(...point).map((value) => Math.min(WIDTH, Math.max(0, Math.round(value))))));
      decorateSoon();
    },
    clear: () => on.clear(),
  }));
  camera.addEventListener("moved", () => { moving = performance.now() + 150; redraw(); });
  const resized = new ResizeObserver(() => {
    [width, height, ratio] = [element.clientWidth || 1, element.clientHeight || 1, devicePixelRatio];
    for (const canvas of [under, over]) Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    if (camera.home) home();
    redraw();
  });
  resized.observe(element);
  const theme = new MutationObserver(recolour);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });

  return {
    element,
    most: painter.most,
    /** Replace the points, pairs of x and y from 0 to 65,535, y upwards; the camera stays where somebody has moved it. `scores`: they are two scores, and a line shows where both are alike. */
    place(given, scores = false) {
      const other = !points.length || scores !== axes;
      [points, axes, index, lit, many, picked, near, marked] = [given, scores, null, null, 0, null, [], []];
      send();
      if (other && camera.home) home();
    },
    colour(given) { colouring = given; recolour(); },
    /** Turn all but these rows grey; null: none. */
    light(rows) {
      [lit, many] = rows ? [new Uint8Array(points.length / 2), rows.length] : [null, 0];
      for (const row of rows ?? []) lit[row] = 1;
      recolour();
    },
    /** Ring a row, with lines to others; null: none. */
    pick(row, others = []) { [picked, near] = [row, others]; decorateSoon(); },
    /** Name a row, or none. */
    mark(row, name = "") { marked = row === undefined ? [] : [{ row, name, x: points[2 * row], y: points[2 * row + 1] }]; decorateSoon(); },
    /** Give back what a browser has few of. */
    end() {
      for (const observer of [resized, theme]) observer.disconnect();
      painter.end();
      element.remove();
    },
    pin(given) { pins = given; decorateSoon(); },
    inView: () => cells().within(...from(0, height), ...from(width, 0)),
    /** The share of the width between two rows. */
    apart: (a, b) => Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]) / WIDTH,
    /** Bring a place into view. */
    seek(x, y) {
      const [left, top] = at(x, y);
      if (left < 0 || top < 0 || left > width || top > height) camera.to(x / WIDTH, y / WIDTH);
    },
  };
}
