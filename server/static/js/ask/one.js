// The answer to one text: the verdict, why, and what lies near.

import { get, question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, score } from "../format.js";
import { bar, hue } from "../parts/bar.js";
import { failed } from "../parts/notice.js";
import { link } from "../router.js";
import { adding } from "./adding.js";
import { curlButton } from "./curl.js";
import { answers, call, dot, to, verdict } from "./verdict.js";

const BARS = 10;
const NEAR = 10;
const ROLES = { name: "its name", description: "its description", example: "an example" };

/** Return what is found for a text. */
export function one(asked, found, signal) {
  const answer = h("section.card.stack");
  const draw = (now) => fill(answer, judged(now));
  draw(found);
  return h("div.ask-one", answer, h("div.stack",
    found.topics.length > 0 && adding(asked, found, async () => draw(await answers([asked], signal)), signal),
    later("Nearest stored words", question("words/nearest", { texts: [asked], k: NEAR }, { signal }).then(nearest)),
    later("Cluster", cluster(asked, signal))));
}

function judged({ results: [answer], topics, thresholds }) {
  return [
    h("h2.ask-verdict", dot(answer.topic, topics), h("span", verdict(answer, thresholds))),
    h("p.ask-text", { tabindex: 0, role: "group", "aria-label": "The text" }, text(answer.text)),
    answer.reason === "no_topics" ? h("p", "Say under ", to("topics"), " what texts may be about; then it is answered here.") : [facts(answer), bars(answer, topics, thresholds)],
    h("div.row.apart.small.quiet",
      h("span", answer.prototypes === "adapted" ? "Topics grown on the corpus" : "Topics as they were described", ", ", text(answer.model)),
      curlButton(() => call([answer.text]))),
  ];
}

function facts({ score: best, margin, matches, percentile, evidence, truncated }) {
  const [, second] = matches;
  const higher = percentile >= 100 ? "all" : `${Math.floor(percentile)} % of`;
  return h("ul.plain.ask-facts",
    h("li", "Score ", h("b", score(best)), second && [", ", h("b", score(margin)), " ahead of ", text(second.topic)]),
    percentile !== null && h("li", `Higher than ${higher} stored words score with a topic that is not theirs`),
    evidence && h("li", "Nearest given text: ", text(evidence.text), ` (${ROLES[evidence.role]}, ${score(evidence.score)})`),
    truncated && h("li", h("span.badge.warn", "Cut"), " The text is longer than the model reads: only its beginning counts"));
}

function bars({ matches }, topics, thresholds) {
  const places = new Map(topics.map(({ name }, place) => [name, place]));
  const row = ({ topic, score: value }, i) => h("li", bar({
    name: topic, value, best: i === 0, line: Object.hasOwn(thresholds.topics, topic) ? thresholds.topics[topic] : thresholds.score, hue: hue(places.get(topic) ?? -1),
  }));
  const list = h("ul.plain.ask-bars", { "aria-label": "Topics, best first" }, matches.slice(0, BARS).map(row));
  const more = matches.length > BARS && h("button.small", { type: "button", on: { click: () => {
    list.append(...matches.slice(BARS).map((match) => row(match)));
    more.remove();
  } } }, `Show all ${count(matches.length)}`);
  return [list, more && h("div", more)];
}

/** Return a card that is filled with what comes. */
function later(title, coming) {
  const place = h("div");
  coming.then((shown) => fill(place, shown), (error) => failed(place, error));
  return h("section.card.stack", h("h2", title), place);
}

function nearest({ results: [{ matches }] }) {
  if (!matches.length) return h("p.quiet", "No words are stored yet: add some under ", to("operations"), ".");
  return h("ol.plain.ask-near", matches.map((word) => h("li", text(word.text), h("span.number", score(word.score)))));
}

/** Show the nearest cluster; whether there is a clustering is looked up first, as browsers log every 404 as an error. */
async function cluster(asked, signal) {
  const { clusterings } = await get("clusterings", null, { signal });
  if (!clusterings.some(({ status }) => status === "done")) return h("p.quiet", "There is no clustering yet: make one under ", to("clusters"), ".");
  const { results: [{ matches: [near] }] } = await question("clusters/nearest", { texts: [asked], k: 1 }, { signal });
  return h("p", h("a", { href: link("clusters") }, text(near.name)), ", ", h("span.number", score(near.score)));
}
