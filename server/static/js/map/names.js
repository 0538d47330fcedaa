// Names at their places: as many as fit without overlap, those of large classes first.

const MOST = 48;

/** Write names on a canvas beside those that are `taken`; `at(x, y)` gives the pixels of a place, `ink` and `ground` are colours. */
export function write(context, named, taken, at, { ink, ground, width, height }) {
  Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: ground, fillStyle: ink });
  for (const { name, x, y } of named.filter((one) => one.x !== null).sort((a, b) => b.count - a.count)) {
    const said = name.replace(/^(.{39}).{2,}/su, "$1\u2026");
    const [left, top] = at(x, y);
    const half = context.measureText(said).width / 2 + 5;
    if (left < 0 || left > width || top < 8 || top > height - 8 || taken.some((other) => Math.abs(other.left - left) < other.half + half && Math.abs(other.top - top) < 21)) continue;
    const inside = Math.min(width - half, Math.max(half, left));
    context.strokeText(said, inside, top);
    context.fillText(said, inside, top);
    if (taken.push({ left: inside, top, half }) === MOST) break;
  }
}
