// What pointer, wheel and keys do on a plot: they move its camera, pick, and draw a lasso.

import { h } from "../dom.js";

const CLICK = 4; // pixels that a click may move
const bounded = (value, low, high) => Math.min(high, Math.max(low, value));

/** What of a map is seen: its middle, from 0 to 1, and how large; `home`: all of it. Plots may share it. */
export class Camera extends EventTarget {
  to(x = 0.5, y = 0.5, zoom = this.zoom ?? 1) {
    Object.assign(this, { x: bounded(x, 0, 1), y: bounded(y, 0, 1), zoom: bounded(zoom, 0.5, 400), home: false });
    this.dispatchEvent(new Event("moved"));
    return this;
  }
}

/** Listen on the element of a plot; returns its buttons. `plot` has `camera`, `unit()` and what is called. */
export function gestures(element, plot) {
  const { camera } = plot;
  const down = new Map(); // pointers by id
  let [shape, moved] = [null, 0];
  const place = (event) => { const box = element.getBoundingClientRect(); return [event.clientX - box.left - element.clientLeft, event.clientY - box.top - element.clientTop]; };
  const pan = (dx, dy) => camera.to(camera.x - dx / plot.unit(), camera.y + dy / plot.unit());

  function zoom(by, [left, top] = [element.clientWidth / 2, element.clientHeight / 2]) {
    const next = bounded(camera.zoom * by, 0.5, 400);
    const shift = (1 - camera.zoom / next) / plot.unit(); // what is under the pointer stays there
    camera.to(camera.x + (left - element.clientWidth / 2) * shift, camera.y - (top - element.clientHeight / 2) * shift, next);
  }

  function drag(event) {
    const now = place(event);
    const before = down.get(event.pointerId);
    if (!before) return plot.hover(...now);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    const others = [...down].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(dx, dy);
    down.set(event.pointerId, now);
    if (shape) return plot.drawn(shape, shape.push(now) && false);
    if (!others) return moved > CLICK && pan(dx, dy);
    const far = ([x, y]) => Math.hypot(x - others[0], y - others[1]) || 1;
    return zoom(far(now) / far(before), [(now[0] + others[0]) / 2, (now[1] + others[1]) / 2]);
  }

  function up(event) {
    if (!down.delete(event.pointerId)) return;
    if (shape && moved > CLICK) plot.drawn(shape.filter((_, i) => i % Math.ceil(shape.length / 1000) === 0), true);
    else if (moved <= CLICK && event.type === "pointerup") plot.pick(...place(event), event.pointerType === "touch" ? 16 : 8);
    shape = null;
  }

  const keys = {
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
    "+": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: plot.home, Escape: plot.clear,
  };
  const listeners = {
    pointerdown(event) {
      if (event.button || event.target.closest("button")) return;
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, place(event));
      [moved, shape] = [0, down.size === 1 && (event.shiftKey || lasso.ariaPressed === "true") ? [place(event)] : null];
    },
    pointermove: drag, pointerup: up, pointercancel: up,
    pointerleave: () => plot.hover(-99, -99),
    keydown(event) {
      if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    },
  };
  for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
  element.addEventListener("wheel", (event) => { event.preventDefault(); zoom(2 ** (-event.deltaY * (event.deltaMode ? 20 : 1) / 300), place(event)); }, { passive: false });
  const button = (said, title, click) => h("button.small", { type: "button", title, "aria-label": title, on: { click } }, said);
  const lasso = button("Lasso", "Lasso: draw around words, or drag with Shift", () => { lasso.ariaPressed = lasso.ariaPressed !== "true"; });
  return h("div.plot-tools", lasso, button("+", "Zoom in", keys["+"]), button("\u2212", "Zoom out", keys["-"]), button("All", "Show all", keys[0]));
}
