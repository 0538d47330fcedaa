// Colours of points: twelve hues, grey for what is not selected, a ramp for values.

const [NONE, GREY, RAMP, STEPS] = [12, 13, 14, 64];

/** The colouring where nothing can colour words: there are no topics and no clusters. */
export const PALE = { kind: "class", legend: [], rows: [] };

/** Numbers that came as base64 of little-endian bytes. */
export function numbers(base64, Type) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Type(bytes.buffer);
}

/** Return a place in the palette for each of `n` rows; `lit` has a 1 for each that is not grey, or is null. */
export function kinds(colouring, lit, n) {
  const { rows, kind } = colouring ?? {};
  const found = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (lit && !lit[i]) found[i] = GREY;
    else if (rows) found[i] = !(rows[i] < 65_535) ? NONE : kind === "class" ? rows[i] % 12 : RAMP + Math.floor(rows[i] * STEPS / 65_535);
  }
  return found;
}

/** Return the palette, four bytes a colour, as the style sheet has it now; `css(name)` reads that. */
export function palette(css) {
  const read = (name) => [1, 3, 5].map((at) => parseInt(css(name).trim().slice(at, at + 2), 16));
  const found = new Uint8Array(1024);
  const put = (place, colour, alpha = 215) => found.set([...colour, alpha], 4 * place);
  for (let i = 0; i < 12; i++) put(i, read(`--hue-${i}`));
  put(NONE, read("--strong-line"), 180);
  put(GREY, read("--line"), 255);
  const stops = ["--heat-low", "--hue-3", "--heat-high"].map(read);
  for (let i = 0; i < STEPS; i++) {
    const [a, t] = [Math.floor(2 * i / STEPS), 2 * i / STEPS % 1];
    put(RAMP + i, stops[a].map((value, j) => value + (stops[a + 1][j] - value) * t));
  }
  return found;
}
