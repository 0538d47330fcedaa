// The stored words: searched, paged through, looked at, deleted.

import { get, path, post } from "../api.js";
import { fill, h, text } from "../dom.js";
import { counted } from "../format.js";
import { keep } from "../router.js";
import { ask } from "./dialog.js";
import { done, failed, tell } from "./notice.js";
import { table } from "./table.js";

/** Return names with their values, which are nodes or shown as texts of users. */
export const facts = (values) => h("dl.facts", Object.entries(values).map(([name, value]) => [h("dt", text(name)), h("dd", typeof value === "object" ? value : text(value))]));

/** Return {element, load()}; `state` has `contains`, `cursor` and `word`, which is open; `deleted()` comes after that. */
export function wordList(state, deleted, signal) {
  const at = Object.fromEntries(state);
  const before = []; // cursors of the pages that led here
  const ticked = new Map(); // words by id
  let next, timer, asked = 0;
  const move = (changes) => { if (!signal.aborted) { keep(Object.assign(at, changes)); load(); } };
  const search = h("input", { type: "search", value: at.contains, on: { input: () => {
    clearTimeout(timer);
    timer = setTimeout(() => { before.length = 0; move({ contains: search.value, cursor: null }); }, 200);
  } } });
  const said = h("p.quiet", { role: "status" });
  const shown = h("div");
  const remove = h("button.danger", { on: { click: () => erase([...ticked.values()]) } });
  const back = h("button", { on: { click: () => move({ cursor: before.pop() }) } });
  const on = h("button", { on: { click: () => { before.push(at.cursor); move({ cursor: next }); } } }, "Next page");
  const tick = () => { remove.hidden = !ticked.size; fill(remove, `Delete ${counted(ticked.size, "word")}\u2026`); };

  async function load() {
    const mine = ++asked;
    try {
      const page = await get("words", { limit: 50, cursor: at.cursor, contains: at.contains }, { signal });
      if (mine !== asked) return;
      next = page.next;
      ticked.clear();
      tick();
      fill(said, counted(page.total, "word"), at.contains && [" with ", text(at.contains)]);
      fill(shown, page.total ? list(page.words) : h("p.empty", at.contains ? "No text contains this." : "Nothing is stored yet: drop a file above."));
      fill(back, before.length ? "Previous page" : "First page");
      back.disabled = !at.cursor;
      on.disabled = !next;
    } catch (error) {
      failed(shown, error);
    }
  }

  const list = (rows) => table({ caption: "In the order in which they first came", rows, columns: [
    { label: "Text", of: (word) => h("label.check", h("input", { type: "checkbox", on: { change: (event) => {
      if (event.target.checked) ticked.set(word.id, word);
      else ticked.delete(word.id);
      tick();
    } } }), text(word.text)) },
    { label: "Metadata", of: (word) => Object.entries(word.metadata).slice(0, 4).map(([name, value]) => `${name}: ${value}`).join(", ") },
    { label: "Id", of: (word) => h("button.plain.small", { on: { click: () => open(word.id) } }, text(word.id)) },
  ] });

  async function open(id) {
    keep({ ...at, word: id });
    try {
      const word = await get(path("words", id), null, { signal });
      const content = [h("p.text", text(word.text)), h("p.quiet", text(id)), facts(word.metadata)];
      if (await ask({ title: "A stored word", content, action: "Delete\u2026", danger: true })) await erase([word]);
    } catch (error) {
      tell(error);
    }
    at.word = null;
    if (!signal.aborted) keep(at);
  }

  async function erase(words) {
    const content = [h("ul", words.slice(0, 5).map((word) => h("li", text(word.text.slice(0, 200)))), words.length > 5 && "\u2026"), h("p", "This cannot be undone.")];
    if (!await ask({ title: `Delete ${counted(words.length, "word")}?`, action: "Delete", danger: true, content })) return;
    try {
      const { removed } = await post("words/delete", { ids: words.map((word) => word.id) });
      done(`${counted(removed, "word")} deleted.`);
      load();
      deleted();
    } catch (error) {
      tell(error);
    }
  }

  if (at.word) open(at.word);
  return { load, element: h("section.card.stack.words", h("h2", "Words"), h("div.row.apart", h("label.field", "Search in the texts", search), said), shown, h("div.row", back, on, remove)) };
}
