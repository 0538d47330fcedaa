// Which points are where: an index of 256 by 256 cells.

/** Return {nearest, within} for points, pairs of x and y. */
export function grid(points) {
  const n = points.length / 2;
  const cell = (i) => (points[2 * i + 1] >> 8 << 8) + (points[2 * i] >> 8);
  const ends = new Uint32Array(65_537);
  for (let i = 0; i < n; i++) ends[cell(i) + 1]++;
  for (let c = 1; c < ends.length; c++) ends[c] += ends[c - 1];
  const rows = new Uint32Array(n);
  const next = ends.slice();
  for (let i = 0; i < n; i++) rows[next[cell(i)]++] = i;
  const clamped = (value) => Math.min(255, Math.max(0, Math.floor(value / 256)));

  /** Return the rows of a rectangle. */
  function within(left, low, right, high) {
    const found = [];
    for (let y = clamped(low); y <= clamped(high); y++) {
      for (let j = ends[256 * y + clamped(left)]; j < ends[256 * y + clamped(right) + 1]; j++) {
        const [a, b] = [points[2 * rows[j]], points[2 * rows[j] + 1]];
        if (a >= left && a <= right && b >= low && b <= high) found.push(rows[j]);
      }
    }
    return found;
  }

  /** Return the row nearest to a place, undefined where none is within `reach`. */
  function nearest(x, y, reach) {
    let [best, least] = [undefined, reach * reach];
    for (const row of within(x - reach, y - reach, x + reach, y + reach)) {
      const far = (points[2 * row] - x) ** 2 + (points[2 * row + 1] - y) ** 2;
      if (far <= least) [best, least] = [row, far];
    }
    return best;
  }
  return { nearest, within };
}
