// Answers, and what they say in words.

import { get, question } from "../api.js";
import { h, text } from "../dom.js";
import { score } from "../format.js";
import { hue } from "../parts/bar.js";
import { link, VIEWS } from "../router.js";

/** The call that answers texts, with all topics of each: its path and its body. */
export const call = (texts) => ["topics/nearest", { texts, k: 1000 }];

/** Ask texts; returns {results, topics, thresholds}. */
export async function answers(texts, signal) {
  const [{ results }, { topics }, thresholds] = await Promise.all([
    question(...call(texts), { signal }), get("topics", null, { signal }), get("thresholds", null, { signal }),
  ]);
  return { results, topics, thresholds };
}

/** Two scores with as many digits as tell them apart. */
function apart(...two) {
  const digits = [2, 3, 4, 5].find((some) => score(two[0], some) !== score(two[1], some)) ?? 6;
  return two.map((value) => score(value, digits));
}

/** Return the verdict of an answer as a line of nodes. */
export function verdict({ topic, reason, score: best, margin, threshold, matches }, thresholds) {
  if (reason === "matched") return [text(topic)];
  if (reason === "no_topics") return ["No topics yet"];
  if (reason === "below_threshold") {
    const [is, least] = apart(best, threshold);
    return [`None of these: ${is} is below ${least}`];
  }
  const [is, least] = apart(margin, thresholds.margin);
  return ["Ambiguous: ", text(matches[0].topic), " and ", text(matches[1].topic), ` are ${is} apart, ${least} is asked`];
}

/** Return the dot of a topic, in the hue that it has everywhere; hollow where there is none. */
export function dot(topic, topics) {
  const place = topics.findIndex(({ name }) => name === topic);
  return h(`span.dot${place < 0 ? ".ask-none" : ""}`, { style: { "--hue": hue(place) }, "aria-hidden": "true" });
}

/** Return a link to another view, by its title. */
export const to = (view) => h("a", { href: link(view) }, VIEWS[view].title);
