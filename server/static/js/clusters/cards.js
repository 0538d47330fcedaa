// A cluster as a card, its words in pages, and the way from it to a topic.

import { get, path, post } from "../api.js";
import { h, text } from "../dom.js";
import { counted, percent } from "../format.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/field.js";
import { done } from "../parts/notice.js";

const button = (said, click) => h("button.small", { on: { click } }, said);

/** Return a card; `fate` says what became of the cluster, `open(shown)` hears whether its words are shown, `topic()` makes one. */
export function card({ cluster, run, hue, fate, shown, open, topic, signal }) {
  const words = h("div.stack");
  const more = button("Words", () => { toggle(words.hidden); open(!words.hidden); });
  const element = h("article.card.stack", { style: hue && { "--hue": hue } },
    h("h3", h("span.dot"), " ", text(cluster.name)),
    h("p.small.number", `${counted(cluster.size, "word")}, ${percent(cluster.size / run.words, 1)}`),
    h("div.share", { style: { "--value": cluster.size / Math.max(...run.clusters.map(({ size }) => size)) } }), fate,
    h("p.small.quiet", cluster.keywords.map((word, i) => [i > 0 && ", ", text(word)])),
    h("ul.plain", cluster.examples.map((one) => h("li", text(one)))),
    h("div.row", more, button("Make a topic", topic)), words);
  const toggle = (on) => {
    words.hidden = !on;
    more.setAttribute("aria-expanded", on);
    element.classList.toggle("open", on);
    if (on && !words.firstChild) pages(words, path("clusterings", run.id, "words"), cluster.id, signal);
  };
  toggle(shown);
  return element;
}

function pages(place, at, cluster, signal) {
  let [cursor, reading] = [null, null];
  const read = () => reading ??= get(at, { cluster, cursor, limit: 60 }, { signal }).then((page) => {
    list.append(...page.words.map((word) => h("li", text(word.text))));
    cursor = page.next;
    more.hidden = !cursor;
  }).finally(() => { reading = null; });
  const [list, more] = [h("ul.plain.words"), button("More words", read)];
  place.append(list, more);
  read();
}

/** Ask for name and examples and make a topic of a cluster; `active`: topics that grew on the corpus answer now. */
export async function toTopic(cluster, active) {
  const { topics } = await get("topics");
  const input = () => { taken.textContent = topics.some((topic) => topic.name === name.value.trim()) ? "There is a topic of this name: it is replaced." : ""; };
  const name = h("input", { type: "text", value: cluster.name, required: true, on: { input } });
  const taken = h("p.small", { role: "status" });
  const examples = h("textarea", { rows: 6, value: cluster.examples.map((one) => one.replace(/\s+/g, " ")).join("\n") });
  input();
  const topic = await ask({
    title: "Make a topic of this cluster",
    content: [field("Name", name), taken, field("Examples, one a line", examples), active && h("p", "Topics that grew on the corpus answer now; a new topic switches that off.")],
    action: "Make the topic",
    answer: () => ({ name: name.value.trim(), examples: examples.value.split("\n").filter((one) => one.trim()) }),
  });
  if (!topic) return;
  const { adaptation } = await post("topics", { topics: [topic] });
  done("The topic ", text(topic.name), " is there.");
  if (adaptation) dispatchEvent(new Event("hashchange")); // no run is active any more
}
