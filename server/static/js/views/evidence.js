// The view "Evidence": how right the answers are on labelled texts, and above which score to give one.

import { call, get, Problem, question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { curve } from "../evidence/curve.js";
import { byTopic, confusions, effect, inWords, rated, trials } from "../evidence/figures.js";
import { counted, score } from "../format.js";
import { bar } from "../parts/bar.js";
import { drop } from "../parts/drop.js";
import { field, select } from "../parts/field.js";
import { done, failed, tell } from "../parts/notice.js";
import { keep, link } from "../router.js";

let given = null; // labelled texts, {name, rows, skipped}: still there when the view is shown again
let before = null; // the thresholds that were in use before these
const CRITERIA = { all: "none", score: "score", margin: "margin", both: "margin and score", topics: "score of each topic" };
const button = (name, click) => h("div.row", h("button", { type: "button", on: { click } }, name));
const form = (submit, ...content) => h("form.row", { on: { submit: (event) => { event.preventDefault(); submit(); } } }, content);
const card = (title, ...content) => h("section.card.stack", h("h2", title), content);
const folded = (label) => label.toLowerCase().replace(/[\s_.-]+/g, " ").trim();

/** Show the view; `state` has `by`, `order` and `precision`. */
export async function show(root, state, signal) {
  const chosen = { by: "score", order: "worst", precision: 0.9, ...Object.fromEntries(state) };
  const choose = (what) => keep(Object.assign(chosen, what));
  const [used, background, results, plot, topics, said, found] = Array.from({ length: 7 }, () => h("div.stack"));
  for (const place of [used, said, found]) place.setAttribute("role", "status");
  let now, rows, work;

  const use = (thresholds) => {
    now = thresholds;
    undo.hidden = !before;
    fill(used, h("p.row", h("strong", "In use:"), inWords(now), h("span.badge", now.prototypes === "label" ? "topics as given" : "topics grown on the corpus")));
  };
  /** Put thresholds in use, where the prototypes still answer that they were chosen for. */
  const set = async ({ prototypes = now.prototypes, score: least = null, margin = null, topics: own = {} }) => {
    try {
      const old = await get("thresholds");
      if (old.prototypes !== prototypes) throw new Problem(409, { code: "conflict", detail: "Other prototypes answer now than this threshold belongs to" });
      const saved = await call("PUT", "thresholds", { body: { score: least, margin, topics: own } });
      before = old;
      use(saved);
      done("Saved: ", inWords(saved));
      measure();
    } catch (error) {
      tell(error);
    }
  };
  const undo = button("Undo", () => set(before));

  /** Measure the texts that are there, or those that `read` gives; what was begun before ends. */
  const measure = async (read) => {
    work?.abort();
    work = new AbortController();
    const options = { signal: AbortSignal.any([signal, work.signal]) };
    try {
      if (read) {
        given = null;
        for (const place of [results, found]) fill(place);
        fill(said, "Reading\u2026");
        given = await read(options);
      }
      if (!given) return;
      const names = (await get("topics", null, options)).topics.map((topic) => topic.name);
      const known = new Set([...names, "none", "oos"].map(folded)); // as the server knows them
      const strange = new Set(given.rows.map((row) => row.label).filter((label) => label !== null && !known.has(folded(label))));
      rows = given.rows.filter((row) => !strange.has(row.label));
      const sum = [h("p", text(given.name), `: ${counted(rows.length, "row")} measured`, given.skipped > 0 && `, ${given.skipped} without a text or a label skipped`),
        strange.size > 0 && h("p.notice.warn", h("span", `${counted(strange.size, "label is no topic", "labels are no topics")}, ${counted(given.rows.length - rows.length, "row")} left out: `,
          [...strange].slice(0, 5).map((label) => [text(label), ", "]), h("a", { href: link("topics") }, "add them as topics")))];
      fill(said, sum, rows.length > 0 && "Measuring\u2026");
      if (!rows.length) return;
      use(await get("thresholds", null, options));
      draw(await question("evaluations", { rows }, options));
      fill(said, sum);
    } catch (error) {
      if (error.name !== "AbortError") fill(results);
      failed(said, error);
    }
  };

  const draw = (answer) => {
    const by = answer.curves[chosen.by] ? chosen.by : "score", others = inWords({ ...answer.thresholds, [by]: null });
    const drawCurve = (one) => { choose({ by: one }); fill(plot, curve(answer, one, (least) => set({ [one]: least }))); };
    const drawTopics = (order) => { choose({ order }); fill(topics, byTopic(answer, order)); };
    const focused = results.contains(document.activeElement) && document.activeElement;
    drawCurve(by);
    drawTopics(chosen.order);
    fill(results,
      h("dl.columns", [["Accuracy, of the nearest topic", answer.accuracy], ["Macro F1, of the same", answer.macro_f1], ["AUROC of none", answer.auroc],
        ["Answered", answer.coverage], ["Right, of the answered", answer.precision], [`Refused, of ${counted(answer.no_topic_rows, "row")} of no topic`, answer.none_recall],
      ].map(([name, rate]) => h("div.card", h("dt.small.quiet", name), h("dd", rated(rate))))),
      h("div.columns",
        card("Threshold", field("Threshold on", select(Object.fromEntries(Object.keys(answer.curves).map((one) => [one, one])), by, drawCurve)),
          others !== inWords({}) && h("p.notice.warn", `The curve takes one threshold alone. Saving takes the others away: ${others}.`), plot), finder),
      h("div.columns", card("Worst confusions", confusions(answer.confusions)),
        card("Topics", field("Order", select({ worst: "worst first", rows: "most rows first" }, chosen.order, drawTopics)), topics)));
    if (focused) (focused.isConnected ? focused : plot.querySelector("input")).focus();
  };

  const precision = h("input", { type: "number", min: 0.01, max: 0.99, step: 0.01, value: chosen.precision, required: true });
  const finder = card("Find it for me", form(async () => {
    choose({ precision: precision.value });
    const asked = given;
    fill(found, "Trying thresholds\u2026");
    try {
      const { thresholds, measured, tried, messages } = await question("calibrations", { rows, precision: precision.valueAsNumber }, { signal });
      if (asked !== given) return;
      fill(found, h("p", h("strong", inWords(thresholds)), `, on rows not seen by the fit: ${effect(measured.coverage.value, measured.precision, measured.none_recall)}`),
        messages.map((message) => h("p.small", text(message))), button("Apply", () => set(thresholds)),
        trials("What was tried", Object.entries(tried).map(([name, one]) => [CRITERIA[name], one])));
    } catch (error) {
      failed(found, error);
    }
  }, field("Share of the answers to be right", precision), h("button", "Find")), found);

  const lines = h("textarea", { placeholder: "Mango\tFruit" });
  const send = (name, file) => measure(async (options) => ({ name, ...(await call("POST", "evaluations/rows", { query: { name }, file, ...options })) }));
  const pasted = () => lines.value.trim().split("\n").map((line) => line.split("\t")).map(([one, label]) => JSON.stringify({ text: one, label })).join("\n");
  root.append(
    h("div.head", h("h1", "Evidence"), h("p", "How right the answers are, on texts with their topics, and above which score to give one.")),
    h("div.card.row.apart.in-use", used, undo),
    h("div.columns",
      card("Labelled texts", drop({ label: "Choose a file", hint: "or drop it here: texts and labels; none: of no topic", take: (file) => send(file.name, file) }),
        h("details", h("summary", "Paste"), form(() => send("lines.jsonl", pasted()), field("Text, tab, label", lines), h("button", "Measure"))), said),
      card("Without labels", background)),
    results);
  get("thresholds", null, { signal }).then(use);
  get("topics/background", null, { signal }).then(({ percentiles: levels, rows: words }) => fill(background, words ? [
    h("p.small", `Of ${counted(words, "stored word")} so many score lower, with the best topic that is not theirs:`),
    [5, 25, 50, 75, 90, 99].map((share) => bar({ name: `${share} %`, value: levels[share], line: levels[75], best: share === 75 })),
    button(`Use ${score(levels[75])} to begin with`, () => set({ score: levels[75] }))] : "It needs stored words and two topics."),
  (error) => failed(background, error));
  measure();
}
