// A text that becomes an example of a topic: what changes by it, done, and undone.

import { call, get, path, question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, counted } from "../format.js";
import { field, select } from "../parts/field.js";
import { failed } from "../parts/notice.js";
import { verdict } from "./verdict.js";

const MOVED = 5; // words that are shown of those that would move

/** Return the card; `changed()` is called when a topic is another one now. */
export function adding(asked, { topics, thresholds }, changed, signal) {
  const place = h("div.stack.ask-adding", { "aria-live": "polite" });
  const attempt = async (step) => { try { await step(); } catch (error) { failed(place, error); } };

  let look = new AbortController();
  async function preview(name, ...before) {
    look.abort(); // what another topic would change is no longer asked
    look = new AbortController();
    const options = { signal: AbortSignal.any([signal, look.signal]) };
    const { answer: topic, response } = await call("GET", path("topics", name), { ...options, whole: true });
    const tag = response.headers.get("ETag");
    if (topic.examples.includes(asked)) return fill(place, before, h("p", "It is an example of ", text(name), "."));
    const examples = [...topic.examples, asked];
    const all = (await get("topics", null, options)).topics.map((one) => (one.name === name ? { ...one, examples } : one));
    const would = await question("topics/preview", { topics: all, texts: [asked] }, options);
    return fill(place, before,
      h("p", would.moved ? `${count(would.moved)} of ${counted(would.words, "stored word")} would move.` : "No stored word would move."),
      h("ul.plain.small", would.examples.slice(0, MOVED).map((word) => h("li", text(word.text), ": ", text(word.from ?? "none"), " \u2192 ", text(word.to ?? "none")))),
      h("p", "This text would be: ", h("b", verdict(would.results[0], thresholds))),
      would.prototypes === "adapted" && h("p.badge.warn", "Topics are grown now; any change switches that off."),
      button("Add it", () => save(name, examples, tag, topic.examples)));
  }

  async function save(name, examples, tag, old) {
    try {
      const { response } = await call("PATCH", path("topics", name), { body: { examples }, headers: { "If-Match": tag }, whole: true });
      fill(place, h("p", old ? "Added to " : "Taken out of ", text(name), "."), old && button("Undo", () => save(name, old, response.headers.get("ETag"))));
      place.querySelector("button")?.focus();
    } catch (error) {
      if (error.code !== "precondition_failed") throw error;
      await preview(name, h("p.badge.warn", "Somebody else changed this topic meanwhile. As it is now:"));
    }
    await changed();
  }

  const button = (label, step) => h("button", { type: "button", on: { click: (event) => { event.target.disabled = true; attempt(step); } } }, label);
  const names = Object.fromEntries([["", "Choose a topic"], ...topics.map(({ name }) => [name, name])]);
  return h("section.card.stack", h("h2", "Add as an example"),
    field("This text is an example of", select(names, "", (name) => name && attempt(() => preview(name)))), place);
}
