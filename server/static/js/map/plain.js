// Points on a plain canvas, for browsers without WebGL2: the same as gl.js, of fewer points.

/** Return {most, place, colour, draw} that draws on a canvas. */
export function plain(canvas) {
  const context = canvas.getContext("2d");
  let points, kinds, palette;
  return {
    most: 20_000,
    end() {},
    place(given) { points = given; },
    colour(...given) { [kinds, palette] = given; },
    draw({ x, y, unit, sizes, count }) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      if (!count) return;
      const byKind = Map.groupBy(kinds.subarray(0, count).keys(), (i) => kinds[i]);
      for (const kind of [...byKind.keys()].sort((a, b) => (b === 13) - (a === 13))) {
        const size = sizes[kind === 13 ? 1 : 0];
        context.fillStyle = `rgb(${palette.slice(4 * kind, 4 * kind + 3)} / ${palette[4 * kind + 3] / 255})`;
        for (const i of byKind.get(kind)) {
          context.fillRect(canvas.width / 2 + (points[2 * i] / 65535 - x) * unit - size / 2, canvas.height / 2 - (points[2 * i + 1] / 65535 - y) * unit - size / 2, size, size);
        }
      }
    },
  };
}
