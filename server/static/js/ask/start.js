// What someone sees who has asked nothing yet: what can be asked here, with examples to click.

import { get } from "../api.js";
import { fill, h, text } from "../dom.js";
import { counted } from "../format.js";
import { to } from "./verdict.js";

const SHORT = 40; // characters of an example
const PAIRS = ["Apple", "Pear", "France"]; // what is compared where nothing is there

/** Fill the place of the results; `ask(texts)` asks. */
export async function start(place, ask, signal) {
  const [{ topics }, { words }] = await Promise.all([get("topics", null, { signal }), get("words", { limit: 100 }, { signal })]);
  const given = topics.flatMap(({ name, examples }) => [...examples, name]);
  const short = (words.length ? words.map((word) => word.text) : given).filter((one) => one.length <= SHORT && !one.includes("\n"));
  const examples = short.length ? short.filter((_, i) => i % Math.ceil(short.length / 6) === 0) : PAIRS;
  const button = (texts, ...label) => h("button.small", { type: "button", on: { click: () => ask(texts) } }, label);
  fill(place, h("section.card.stack",
    h("h2", topics.length ? `${counted(topics.length, "topic")} can be the answer` : "No topics yet"),
    topics.length ? h("p", "Ask a word or a short text: which of them it is about, how sure that is and why, or that it is none. Ask many lines, and they are also compared with each other.")
      : h("p", "Say under ", to("topics"), " what texts may be about: names are enough. Texts can be compared with each other before that."),
    !words.length && h("p", "No words are stored yet: drop a file under ", to("operations"), ". Then the nearest of them stand beside each answer."),
    h("div.chips", { role: "group", "aria-label": "Examples" }, topics.length + words.length > 0 && examples.map((one) => button([one], text(one))), button(examples, `All ${examples.length} at once`))));
}
