// The answers to several texts: a table, and heat maps by topics and by each other, a page at a time.

import { question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, score } from "../format.js";
import { heat } from "../parts/heat.js";
import { failed } from "../parts/notice.js";
import { table } from "../parts/table.js";
import { link } from "../router.js";
import { curlButton } from "./curl.js";
import { call, dot, to, verdict } from "./verdict.js";

const ROWS = 50; // of a page
const COLUMNS = 25;
const SHOWN = { table: "Table", topics: "Texts by topics", texts: "Texts by texts" };

/** Return what is found for texts; `shown` is how, `choose(shown)` is called when that is changed. */
export function several(texts, found, shown, choose, signal) {
  if (!Object.hasOwn(SHOWN, shown ?? "")) shown = "table";
  const names = found.topics.map(({ name }) => name);
  const at = { rows: 0, columns: 0 };
  const place = h("div");
  const beside = h("div.row");
  let turn = 0;

  const compared = () => ["similarity", { rows: page(texts, at.rows, ROWS), columns: page(texts, at.columns, COLUMNS) }];
  const views = {
    table: () => answered(page(found.results, at.rows, ROWS), found),
    topics: () => byTopics(page(found.results, at.rows, ROWS), page(names, at.columns, COLUMNS)),
    texts: async () => byTexts(await question(...compared(), { signal }), at),
  };
  const draw = async () => {
    const mine = ++turn;
    try {
      const drawn = await views[shown]();
      if (mine === turn) fill(place, drawn);
    } catch (error) {
      if (mine === turn) failed(place, error);
    }
  };
  const tabs = Object.entries(SHOWN).map(([name, label]) => h("button.small", { type: "button", on: { click: () => { choose(name); show(name); } } }, label));
  const show = (name) => {
    shown = name;
    at.columns = 0;
    tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", Object.keys(SHOWN)[i] === name));
    const columns = { topics: names, texts }[name] ?? [];
    fill(beside, pager("Rows", ROWS, texts.length, at.rows, (from) => { at.rows = from; draw(); }),
      pager("Columns", COLUMNS, columns.length, 0, (from) => { at.columns = from; draw(); }));
    draw();
  };
  show(shown);
  return h("section.card.stack", { "aria-label": "Answers" },
    h("div.row.apart", h("div.row.ask-tabs", { role: "group", "aria-label": "Shown as" }, tabs),
      curlButton(() => (shown === "texts" ? compared() : call(texts)))),
    beside, place);
}

const page = (all, from, size) => all.slice(from, from + size);

/** Return the buttons that turn pages; nothing where there is one page. */
function pager(what, size, total, from, turned) {
  if (total <= size) return null;
  const said = h("span.small.number", { role: "status" });
  const button = (by, label) => h("button.small", { type: "button", "aria-label": `${what}: ${label}`, on: { click: () => { from += by; say(); turned(from); } } }, label);
  const back = button(-size, "Back");
  const on = button(size, "Next");
  const say = () => {
    fill(said, `${what} ${count(from + 1)}\u2013${count(Math.min(total, from + size))} of ${count(total)}`);
    back.disabled = from === 0;
    on.disabled = from + size >= total;
  };
  say();
  return h("div.row", back, said, on);
}

function answered(rows, { topics, thresholds }) {
  return table({ caption: "What each text is about", rows, columns: [
    { label: "Text", of: (row) => h("a", { href: link("ask", { text: row.text }) }, text(row.text)) },
    { label: "Verdict", of: (row) => h("span.ask-row", dot(row.topic, topics), h("span", verdict(row, thresholds))) },
    { label: "Score", number: true, of: (row) => h("span", score(row.score)) },
    { label: "Margin", number: true, of: (row) => h("span", score(row.margin)) },
  ] });
}

function byTopics(rows, columns) {
  if (!columns.length) return h("p.quiet", "No topics yet: set some under ", to("topics"), ".");
  const matrix = rows.map(({ matches }) => {
    const scores = new Map(matches.map((match) => [match.topic, match.score]));
    return columns.map((name) => scores.get(name) ?? null);
  });
  return heat({
    caption: "How near each text is to each topic; the nearest topic of a row is framed", corner: "Text",
    rows: rows.map((row) => row.text), columns, matrix, best: (i, j) => rows[i].matches[0].topic === columns[j],
  });
}

function byTexts({ rows, columns, matrix }, at) {
  const other = (i, j) => at.rows + i !== at.columns + j;
  const best = matrix.map((line, i) => Math.max(...line.filter((_, j) => other(i, j))));
  return heat({
    caption: "How near each text is to each other; the nearest other text of a row is framed", corner: "Text",
    rows, columns, matrix, best: (i, j) => other(i, j) && matrix[i][j] === best[i],
  });
}
