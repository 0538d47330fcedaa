// One topic, edited: what changes by it is seen before it is saved, and who was quicker is not overwritten.

import { call, get, path, post, question } from "../api.js";
import { fill, h, text } from "../dom.js";
import { count, counted } from "../format.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/field.js";
import { failed } from "../parts/notice.js";
import { table } from "../parts/table.js";
import { label, moves } from "./name.js";

/** The lines that are not blank, each once. */
export const lines = (typed) => [...new Set(typed.split("\n").map((line) => line.trim()).filter(Boolean))];
const oneLine = (example) => example.trim().replace(/[\r\n]+/g, "\u21b5");

/** Return {element, add(...examples)}: the form of a topic, of a new one where `given` is undefined; `version` is its ETag. */
export function editor({ adapted, sizes, signal, to }, given, version) {
  const inputs = { name: h("input", { required: true }), description: h("textarea", { rows: 3 }), examples: h("textarea", { rows: 6 }) };
  const shown = { name: "", description: "", examples: "" }; // before somebody typed
  const panel = h("div");
  const save = h("button", { type: "button", disabled: true, on: { click: () => send().catch(fail) } }, "Save");
  const fail = (error) => failed(panel, error);
  const off = () => adapted && h("p.notice.warn", "The topics that grew on the corpus answer now. This switches them off.");
  let now = { examples: [] };

  /** Take over how the topic is now; what was typed stays. */
  function take(topic) {
    for (const [key, input] of Object.entries(inputs)) {
      const typed = input.value === shown[key] ? null : input.value;
      input.value = key === "examples" ? topic.examples.map(oneLine).join("\n") : topic[key];
      shown[key] = input.value;
      input.value = typed ?? shown[key];
    }
    now = topic;
  }

  function changes() {
    const exact = new Map(now.examples.map((one) => [oneLine(one), one]));
    const read = (key, { value }) => (key === "examples" ? lines(value).map((line) => exact.get(line) ?? line) : value.trim());
    return Object.fromEntries(Object.entries(inputs).filter(([key, { value }]) => value !== shown[key]).map(([key, input]) => [key, read(key, input)]));
  }

  async function look() {
    const topic = { ...now, ...changes() };
    const { topics } = await get("topics", null, { signal });
    const set = given ? topics.map((one) => (one.name === now.name ? topic : one)) : [...topics, topic];
    const names = set.map(({ name }) => name);
    const [before, after] = await Promise.all([sizes, question("topics/preview", { topics: set }, { signal })]);
    const had = new Map(before.topics.map((size) => [size.topic === now.name ? topic.name : size.topic, size.words])).set(null, before.none);
    const rows = [...after.sizes, { topic: null, words: after.none }].map((size) => ({ ...size, had: had.get(size.topic) ?? 0 }));
    fill(panel, h("section.card.stack", h("h2", "What changes by it"),
      h("p", { role: "status" }, `${counted(after.moved, "word")} of ${count(after.words)} would get another topic or none.`, given && topic.name !== now.name && " Those that follow the new name are among them."), off(),
      table({ caption: "Words of the topics that change", rows: rows.filter((size) => size.words !== size.had), columns: [
        { label: "Topic", of: (size) => label(size.topic, names) },
        { label: "Now", of: (size) => count(size.had), number: true },
        { label: "Then", of: (size) => count(size.words), number: true }] }),
      moves(after.examples, names)));
    save.disabled = false;
    save.focus();
  }

  async function send() {
    const { name = now.name, ...rest } = changes();
    try {
      if (given) await call("PATCH", path("topics", now.name), { body: { name, ...rest }, headers: version && { "If-Match": version } });
      else await post("topics", { topics: [{ name, ...rest }] });
      to(name);
    } catch (error) {
      if (error.status !== 412) throw error;
      const { answer, response } = await get(path("topics", now.name), null, { whole: true, signal });
      version = response.headers.get("ETag");
      take(answer);
      save.disabled = true;
      fill(panel, h("section.card.stack", { role: "alert" }, h("h2", "Somebody else was quicker"), h("p", "Nothing is saved, and what you typed is still there. The topic is now:"),
        h("p", text(answer.description)), h("ul", answer.examples.map((one) => h("li", text(one)))), h("div", h("button", { on: { click: () => to(answer.name) } }, "Leave it so"))));
    }
  }

  async function remove() {
    const { words } = (await sizes).topics.find(({ topic }) => topic === now.name);
    const content = [h("p", `Its description, ${counted(now.examples.length, "example")} and its threshold are lost. ${counted(words, "word")} will have another topic or none.`), off()];
    if (!await ask({ title: ["Delete ", text(now.name), "?"], action: "Delete", danger: true, content })) return;
    await call("DELETE", path("topics", now.name));
    to();
  }

  if (given) take(given);
  const form = h("form.card.stack", { on: { submit: (event) => { event.preventDefault(); look().catch(fail); }, input: () => { save.disabled = true; } } },
    field("Name", inputs.name), field("Description", inputs.description), field("Examples, one a line", inputs.examples),
    h("div.row", h("button.primary", "See what changes"), save, given && h("button.danger", { type: "button", on: { click: remove } }, "Delete \u2026")));
  const add = (...examples) => {
    for (const one of examples) inputs.examples.value += `\n${oneLine(one)}`;
    if (given) look().catch(fail);
  };
  return { element: h("div.columns", form, panel), add };
}
