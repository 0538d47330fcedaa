// Rates with their 95 % intervals, in words, as whiskers and in tables; thresholds in words.

import { h, s, text } from "../dom.js";
import { counted, percent, score } from "../format.js";
import { table } from "../parts/table.js";
import { link } from "../router.js";

const interval = ({ value, low, high }) => `${score(value)} (${score(low)} to ${score(high)})`;
const number = (label, of) => ({ label, number: true, of: (row) => h("span", of(row)) });
const topic = (name) => (name === null ? h("em", "none") : h("a", { href: link("topics", { topic: name }) }, text(name)));

/** What a threshold does, as the end of a sentence. */
export const effect = (answered, right, refused) => `${percent(answered)} answered, ${interval(right).replace(" ", " of them right ")}`
  + `${refused.n ? `, ${percent(refused.value)} of texts of no topic refused` : ""}.`;

export function inWords({ score: least = null, margin = null, topics = {} }) {
  const own = Object.keys(topics).length;
  return [least !== null && `least score ${score(least)}`, margin !== null && `least margin ${score(margin)}`, own > 0 && `own scores of ${counted(own, "topic")}`]
    .filter(Boolean).join(", ") || "no threshold";
}

export function rated(rate) {
  if (rate.value === null) return "\u2013";
  const [at, low, high] = [rate.value, rate.low, rate.high].map((share) => 4 + 112 * share);
  return h("div.number", s("svg.rate", { viewBox: "0 0 120 10", "aria-hidden": "true" },
    s("path.grid", { d: "M4 5H116" }), s("path", { d: `M${low} 1V9M${low} 5H${high}M${high} 1V9` }), s("circle", { cx: at, cy: 5, r: 3 })), interval(rate));
}

/** A table of [least, what it gives]. */
export const trials = (caption, rows) => table({ caption, rows, columns: [{ label: "Least", of: ([least]) => least },
  number("Answered", ([, { coverage }]) => percent(coverage.value ?? coverage)), number("Right", ([, one]) => interval(one.precision)),
  number("None refused", ([, one]) => percent(one.none_recall.value))] });

export const confusions = (rows) => table({ caption: "Wrong answers at the thresholds in use", rows, columns: [
  { label: "Belongs to", of: (one) => topic(one.truth) }, { label: "Answered", of: (one) => topic(one.given) }, number("Rows", (one) => one.count),
  { label: "Such as", wide: true, of: (one) => one.examples.map((example) => h("div", text(example))) }] });

const worst = ({ precision, recall }) => Math.min(precision.value ?? 2, recall.value ?? 2);
const ORDERS = { worst: (a, b) => worst(a) - worst(b), rows: (a, b) => b.support - a.support };

/** Precision and recall of each topic, "none" first. */
export const byTopic = (found, order) => table({
  caption: "Precision: right, of those answered so. Recall: answered so, of those that belong to it",
  rows: [{ topic: null, support: found.no_topic_rows, precision: found.none_precision, recall: found.none_recall }, ...found.topics.toSorted(ORDERS[order] ?? ORDERS.worst)],
  columns: [{ label: "Topic", of: (one) => topic(one.topic) }, number("Rows", (one) => one.support),
    { label: "Precision", of: (one) => rated(one.precision) }, { label: "Recall", of: (one) => rated(one.recall) }] });
