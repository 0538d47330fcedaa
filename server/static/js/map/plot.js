// A plot: points under a camera, with names, lines and pins above them; what is done on it is told. It knows no API.

import { fill, h, text } from "../dom.js";
import { kinds, palette } from "./colours.js";
import { gl } from "./gl.js";
import { gestures } from "./gestures.js";
import { write } from "./names.js";
import { grid } from "./pick.js";
import { plain } from "./plain.js";

const FRAME_MS = 33; // while it moves, as many points are drawn as fit
const WIDTH = 65_535;

/** Return a number without common factor with `n`, near its golden section: steps of it come by every row, well mixed. */
function stride(n) {
  const common = (a, b) => (b ? common(b, a % b) : a);
  let step = Math.max(1, Math.floor(n * 0.618));
  while (common(step, n) > 1) step++;
  return step;
}

/** Return `values`, some a row, mixed: the first few are a fair sample, and no class lies above all others. */
function mixed(values, each) {
  const n = values.length / each;
  const [step, found] = [stride(n), new values.constructor(values.length)];
  for (let i = 0, row = 0; i < n; i++, row = (row + step) % n) for (let j = 0; j < each; j++) found[each * i + j] = values[each * row + j];
  return found;
}

/**
 * Return a plot. `points`: pairs of x and y from 0 to 65,535, y upwards; `label` says what it is; `camera` may be shared.
 * `on` hears `hover(row)` (undefined: none), `pick(row)`, `lasso(polygon)` and `clear()`.
 */
export function plot({ points, label, camera, on = {} }) {
  const [under, over] = [h("canvas", { "aria-hidden": "true" }), h("canvas", { "aria-hidden": "true" })];
  const hint = h("div.hint", { hidden: true });
  const element = h("div.plot", { tabindex: 0, role: "application", "aria-label": label }, under, over, hint);
  const painter = gl(under, () => send()) ?? plain(under);
  const above = over.getContext("2d");
  const [sky, ratio] = [{ marks: [], pins: [], picked: null, near: [] }, () => devicePixelRatio || 1];
  let [index, colouring, lit, diagonal, polygon, colours] = [null, null, null, false, [], null];
  let [frame, last, moving, fit, rest] = [0, 0, 0, 100_000, 0];
  let [width, height] = [1, 1];

  const unit = () => 0.94 * Math.min(width, height) * camera.zoom;
  const at = (x, y) => [width / 2 + (x / WIDTH - camera.x) * unit(), height / 2 - (y / WIDTH - camera.y) * unit()];
  const of = (row) => at(points[2 * row], points[2 * row + 1]);
  const from = (left, top) => [((left - width / 2) / unit() + camera.x) * WIDTH, ((height / 2 - top) / unit() + camera.y) * WIDTH];
  const cells = () => index ??= grid(points);
  const redraw = () => { frame ||= requestAnimationFrame(draw); };

  function send() {
    const n = points.length / 2;
    if (n) painter.place(mixed(points, 2));
    recolour();
  }

  function recolour() {
    const style = getComputedStyle(element);
    colours = Object.fromEntries(["--ink", "--surface", "--accent", "--strong-line"].map((name) => [name, style.getPropertyValue(name)]));
    if (points.length) painter.colour(mixed(kinds(colouring, lit, points.length / 2), 1), palette(element));
    redraw();
  }

  function draw(now) {
    frame = 0;
    const n = Math.min(points.length / 2, painter.most);
    const still = now > moving;
    if (!still && last) fit = Math.max(5000, fit * Math.min(1.2, Math.max(0.6, FRAME_MS / (now - last))));
    last = still ? 0 : now;
    const count = still ? n : Math.min(n, Math.round(fit));
    const spread = Math.min(8, Math.max(1.6, 0.8 * Math.sqrt(width * height / (n || 1))));
    painter.draw({ x: camera.x, y: camera.y, unit: unit() * ratio(), size: ratio() * Math.min(14, spread * Math.max(1, camera.zoom ** 0.4)), count });
    element.dataset.drawn = count;
    decorate();
    if (!still) redraw();
  }

  function line(shape, colour, wide = 1.5) {
    Object.assign(above, { strokeStyle: colour, lineWidth: wide });
    above.beginPath();
    shape.forEach(([x, y], i) => (i ? above.lineTo(x, y) : above.moveTo(x, y)));
    above.stroke();
  }

  function ring([x, y], radius, colour) {
    Object.assign(above, { strokeStyle: colour, lineWidth: 2 });
    above.beginPath();
    above.arc(x, y, radius, 0, 7);
    above.stroke();
  }

  function decorate() {
    above.setTransform(ratio(), 0, 0, ratio(), 0, 0);
    above.clearRect(0, 0, width, height);
    above.font = `600 13px ${getComputedStyle(element).fontFamily}`;
    if (diagonal) line([at(0, 0), at(WIDTH, WIDTH)], colours["--strong-line"]);
    for (const row of sky.near) line([of(sky.picked), of(row)], colours["--accent"]);
    for (const row of sky.near) ring(of(row), 5, colours["--accent"]);
    if (!diagonal) write(above, colouring?.legend ?? [], at, { ink: colours["--ink"], ground: colours["--surface"], width, height });
    if (sky.picked !== null) ring(of(sky.picked), 8, colours["--ink"]);
    for (const row of sky.marks) ring(of(row), 7, colours["--ink"]);
    const named = sky.pins.map((pin) => ({ ...pin, count: 1 }));
    for (const { x, y } of named) { const [left, top] = at(x, y); line([[left, top], [left, top - 22]], colours["--ink"], 2); ring([left, top - 26], 4, colours["--ink"]); }
    write(above, named, (x, y) => { const [left, top] = at(x, y); return [left, top - 42]; }, { ink: colours["--ink"], ground: colours["--surface"], width, height });
    if (polygon.length) line([...polygon, polygon[0]], colours["--accent"], 2);
  }

  function near(left, top, reach) {
    const [x, y] = from(left, top);
    return cells().nearest(x, y, reach / unit() * WIDTH);
  }

  gestures(element, {
    camera, unit, size: () => [width, height],
    hover(left, top) {
      const row = near(left, top, 8);
      sky.marks = row === undefined ? [] : [row];
      hint.hidden = true;
      on.hover?.(row);
      redraw();
    },
    pick(left, top, reach) { const row = near(left, top, reach); if (row !== undefined) on.pick?.(row); },
    drawn(shape, ended) {
      polygon = ended ? [] : shape;
      if (ended && shape.length > 2) on.lasso?.(shape.map((point) => from(...point).map((value) => Math.min(WIDTH, Math.max(0, Math.round(value))))));
      redraw();
    },
    clear() { on.clear?.(); },
  });
  const move = () => { moving = performance.now() + 150; clearTimeout(rest); hint.hidden = true; redraw(); };
  camera.addEventListener("moved", move);
  new ResizeObserver(() => {
    [width, height] = [Math.max(1, element.clientWidth), Math.max(1, element.clientHeight)];
    for (const canvas of [under, over]) Object.assign(canvas, { width: Math.round(width * ratio()), height: Math.round(height * ratio()) });
    recolour();
  }).observe(element);
  new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  send();

  return {
    element,
    most: painter.most,
    /** Replace the points; the camera stays. `axes`: it shows two scores, with the diagonal. */
    place(given, axes = false) { [points, index, diagonal, lit] = [given, null, axes, null]; Object.assign(sky, { marks: [], picked: null, near: [] }); send(); },
    colour(given) { colouring = given; recolour(); },
    /** Turn all but these rows grey; null: none. */
    light(rows) {
      lit = rows && new Uint8Array(points.length / 2);
      for (const row of rows ?? []) lit[row] = 1;
      recolour();
    },
    /** Show a row and lines from it to others; null: none. */
    pick(picked, others = []) { Object.assign(sky, { picked, near: others }); redraw(); },
    /** Ring a row and say what it is, or nothing. */
    mark(row, said) {
      sky.marks = row === undefined ? [] : [row];
      hint.hidden = row === undefined || !said;
      if (!hint.hidden) {
        const [left, top] = of(row);
        fill(hint, text(said));
        for (const [side, value] of [["left", Math.min(left, width - 200)], ["top", top + 12]]) hint.style.setProperty(side, `${Math.max(0, value)}px`);
      }
      redraw();
    },
    pin(pins) { sky.pins = pins; redraw(); },
    inView: () => cells().within(...from(0, height), ...from(width, 0)),
    /** The share of the width between two rows. */
    apart: (a, b) => Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]) / WIDTH,
    /** Bring a row into view. */
    seek(row) {
      const [left, top] = of(row);
      if (left < 0 || top < 0 || left > width || top > height) camera.to(points[2 * row] / WIDTH, points[2 * row + 1] / WIDTH);
    },
  };
}
