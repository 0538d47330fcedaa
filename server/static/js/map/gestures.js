// What pointer, wheel and keys do on a plot: they move the camera, pick and draw a lasso.

const CLOSE = 4; // pixels that a click may move

/** Listen on a plot; `plot` has the camera and what is called. */
export function gestures(element, plot) {
  const { camera } = plot;
  const down = new Map(); // pointers by id
  let [shape, moved] = [null, 0];
  const place = (event) => { const box = element.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };

  function zoom(by, [left, top]) {
    const [width, height] = plot.size();
    const [dx, dy] = [left - width / 2, height / 2 - top];
    const before = plot.unit();
    const next = Math.min(400, Math.max(0.8, camera.zoom * by));
    const after = before * next / camera.zoom;
    camera.to(camera.x + dx / before - dx / after, camera.y + dy / before - dy / after, next);
  }
  const pan = (dx, dy) => camera.to(camera.x - dx / plot.unit(), camera.y + dy / plot.unit());
  const spread = () => { const [[a, b], [c, d]] = [...down.values()]; return { far: Math.hypot(a - c, b - d), middle: [(a + c) / 2, (b + d) / 2] }; };

  element.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    element.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    moved = 0;
    shape = down.size === 1 && (event.shiftKey || element.dataset.tool === "lasso") ? [place(event)] : null;
  });
  element.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (!down.has(event.pointerId)) return plot.hover(...now);
    const [x, y] = down.get(event.pointerId);
    moved += Math.hypot(now[0] - x, now[1] - y);
    const before = down.size === 2 && spread();
    down.set(event.pointerId, now);
    if (shape) { shape.push(now); return plot.drawn(shape, false); }
    if (!before) return moved > CLOSE && pan(now[0] - x, now[1] - y);
    const after = spread();
    pan(after.middle[0] - before.middle[0], after.middle[1] - before.middle[1]);
    return zoom(after.far / (before.far || 1), after.middle);
  });
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (shape && moved > CLOSE) plot.drawn(shape.filter((_, i) => i % Math.ceil(shape.length / 1000) === 0), true);
    else if (moved <= CLOSE && event.type === "pointerup") plot.pick(...place(event), event.pointerType === "touch" ? 16 : 8);
    shape = null;
  };
  for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, up);
  element.addEventListener("pointerleave", () => { if (!down.size) plot.hover(-99, -99); });
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(2 ** (-event.deltaY * (event.deltaMode ? 20 : 1) / 300), place(event));
  }, { passive: false });

  const middle = () => plot.size().map((value) => value / 2);
  const KEYS = {
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
    "+": () => zoom(1.4, middle()), "=": () => zoom(1.4, middle()), "-": () => zoom(1 / 1.4, middle()), 0: () => camera.to(0.5, 0.5, 1), Escape: plot.clear,
  };
  element.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const button = (label, said, act) => { const made = document.createElement("button"); Object.assign(made, { type: "button", className: "small", textContent: label, title: said }); made.setAttribute("aria-label", said); made.addEventListener("click", act); return made; };
  const lasso = button("\u2b1a Lasso", "Lasso: draw around words (or drag with Shift)", () => {
    const on = element.dataset.tool !== "lasso";
    element.dataset.tool = on ? "lasso" : "";
    lasso.setAttribute("aria-pressed", on);
  });
  const tools = document.createElement("div");
  tools.className = "plot-tools";
  tools.append(lasso, button("+", "Zoom in", KEYS["+"]), button("\u2212", "Zoom out", KEYS["-"]), button("\u2922", "Show all", KEYS[0]));
  element.append(tools);
}
