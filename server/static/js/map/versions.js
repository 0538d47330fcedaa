// The maps there are: made, watched, chosen, drawn anew, pinned, deleted; and what one keeps, in words.

import { call, follow, path, post } from "../api.js";
import { fill, h } from "../dom.js";
import { counted, percent, when } from "../format.js";
import { ask } from "../parts/dialog.js";
import { select } from "../parts/field.js";
import { jobProgress } from "../parts/job.js";
import { done } from "../parts/notice.js";
import { kept } from "./quality.js";

/** Return where maps are made and chosen; `open(id)` shows another one, or the newest. */
export function versions({ maps, map, open, signal }) {
  const place = h("div.stack");
  const start = async (settings) => watch(await post("maps", settings));
  async function watch(begun) {
    const job = jobProgress("The map is drawn", () => call("DELETE", path("maps", begun.id)));
    fill(place, job.element);
    const { status, error, id } = await follow(path("maps", begun.id), job.update, signal);
    if (status === "done") return open(id);
    fill(place, h("p.notice", error ?? `The map is ${status}.`));
    return null;
  }
  const running = maps.find(({ status }) => ["queued", "running"].includes(status));
  if (running) watch(running);
  if (!map) return h("section.card.stack", h("h2", "There is no map yet"), h("p", "A map puts all words on one page, alike ones near each other, so that you see what the corpus is about. Words stay where they are when others come."),
    h("div", h("button.primary", { on: { click: () => start({}) } }, "Draw the map")), place);
  async function anew() {
    const fresh = h("input", { type: "checkbox" });
    const settings = await ask({ title: "Draw the map anew", action: "Draw", answer: () => ({ start: fresh.checked ? null : map.id }),
      content: [h("p", "It starts from this map, and most words stay close to where they are. This one is kept."), h("label.check", fresh, "Forget where the words are: everything may move")] });
    if (settings) await start(settings);
  }
  const pin = h("button.small", { on: { click: async () => { map.pinned = (await call(map.pinned ? "DELETE" : "POST", path("maps", map.id, "pin"))).pinned; name(); } } });
  const name = () => fill(pin, map.pinned ? "Unpin" : "Pin");
  name();
  const remove = async () => {
    if (!await ask({ title: "Delete this map?", content: h("p", "The words stay."), action: "Delete", danger: true })) return;
    await call("DELETE", path("maps", map.id));
    done("The map is deleted.");
    open();
  };
  const all = Object.fromEntries(maps.filter(({ status }) => status === "done").map((one) => [one.id, `${when(one.created)}, ${counted(one.words, "word")}`]));
  const choose = select(all, map.id, open);
  choose.setAttribute("aria-label", "Version");
  return h("div.stack", h("div.row.apart", h("p.small", kept(map.quality), map.far > 0 && ` ${percent(map.far, 1)} of the words lie far from all landmarks.`, map.moved !== null && ` The median word moved by ${percent(map.moved, 1)} of the width.`,
    map.new_words > 0 && ` ${counted(map.new_words, "word")} came since.`, map.far > 0.1 && h("b", " Too many words are unlike what it was drawn from: draw it anew.")),
  h("div.row", choose, h("button.small", { on: { click: anew } }, "Draw anew\u2026"), pin, h("button.small.danger", { on: { click: remove } }, "Delete\u2026"))), place);
}
