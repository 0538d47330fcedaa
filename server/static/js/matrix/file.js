// The entry of a single file with a matrix: the heat map of all texts, from the data in the file.

import { fill, h } from "../dom.js";
import { counted } from "../format.js";
import { heat } from "../parts/heat.js";
import { themeButton } from "../parts/theme.js";

const { title, rows, columns, matrix } = JSON.parse(document.getElementById("data").textContent);
const best = matrix.map((line, i) => Math.max(...line.filter((_, j) => i !== j)));

fill(document.getElementById("view"),
  h("div.head", h("div", h("h1", title), h("p", `The cosine similarity of ${counted(rows.length, "text")}.`)), themeButton()),
  h("section.card", heat({
    caption: "How near each text is to each other; the nearest other text of a row is framed", corner: "Text",
    rows, columns, matrix, best: (i, j) => i !== j && matrix[i][j] === best[i],
  })));
