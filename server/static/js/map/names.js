// Names at their places: as many as fit without overlap, of large classes first.

const MOST = 48;
const cut = (name) => (name.length > 30 ? `${name.slice(0, 29)}\u2026` : name);

/** Write names on a canvas; `at(x, y)` gives the pixels of a place, `ink` and `ground` are colours. */
export function write(context, legend, at, { ink, ground, width, height }) {
  const taken = [];
  Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: ground, fillStyle: ink });
  for (const { name, x, y } of legend.filter((entry) => entry.x !== null).sort((a, b) => b.count - a.count)) {
    const [left, top] = at(x, y);
    const half = context.measureText(cut(name)).width / 2 + 5;
    if (left < half || left > width - half || top < 12 || top > height - 12) continue;
    if (taken.some((other) => Math.abs(other.left - left) < other.half + half && Math.abs(other.top - top) < 21)) continue;
    context.strokeText(cut(name), left, top);
    context.fillText(cut(name), left, top);
    if (taken.push({ left, top, half }) === MOST) break;
  }
}
