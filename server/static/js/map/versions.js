// The maps there are: made, watched, chosen, drawn anew, pinned, deleted.

import { call, follow, path, post } from "../api.js";
import { fill, h } from "../dom.js";
import { counted, percent, when } from "../format.js";
import { ask } from "../parts/dialog.js";
import { select } from "../parts/field.js";
import { jobProgress } from "../parts/job.js";
import { kept } from "./legend.js";

/** Return [where maps are made and chosen, what is said of the one that is shown]; `show(id)` shows one, or the newest. */
export function versions({ maps, map, show, signal }) {
  const jobs = h("div");
  const start = async (settings) => watch(await post("maps", settings));
  async function watch({ id }) {
    const job = jobProgress("The map is drawn", () => call("DELETE", path("maps", id)));
    fill(jobs, job.element);
    const { status, error } = await follow(path("maps", id), job.update, signal);
    if (status === "done") return show(id);
    return fill(jobs, h("p.notice.warn", error ?? `The map is ${status}.`));
  }
  const running = maps.find(({ status }) => ["queued", "running"].includes(status));
  if (running) watch(running);
  if (!map) {
    return ["", h("section.card.stack", h("h2", "There is no map yet"), h("p", "A map shows all words at once, alike ones near each other, so that you see what the corpus is about. Words stay where they are when others come."),
      h("div", h("button.primary", { on: { click: () => start({}) } }, "Draw the map")), jobs)];
  }
  const button = (said, click, kind = "plain") => h(`button.small.${kind}`, { on: { click } }, said);
  async function anew() {
    const fresh = h("input", { type: "checkbox" });
    const settings = await ask({ title: "Draw the map anew", action: "Draw", answer: () => ({ start: fresh.checked ? null : map.id }),
      content: [h("p", "Most words stay close to where they are; this map is kept."), h("label.check", fresh, "Forget where they are: all may move")] });
    if (settings) await start(settings);
  }
  async function remove() {
    if (!await ask({ title: "Delete this map?", content: h("p", "The words stay."), action: "Delete", danger: true })) return;
    await call("DELETE", path("maps", map.id));
    show();
  }
  const pin = button("", async () => { map.pinned = (await call(map.pinned ? "DELETE" : "POST", path("maps", map.id, "pin"))).pinned; name(); });
  const name = () => fill(pin, map.pinned ? "Unpin" : "Pin");
  name();
  const choose = select(Object.fromEntries(maps.filter(({ status }) => status === "done").map((one) => [one.id, `${when(one.created)}, ${counted(one.words, "word")}`])), map.id, show);
  choose.setAttribute("aria-label", "Version");
  return [h("div.row", choose, button("Draw anew\u2026", anew), pin, button("Delete\u2026", remove, "danger")),
    h("div.stack", h("p.small", kept(map.quality), map.far > 0 && ` ${percent(map.far, 1)} of the words lie far from all that it was drawn from.`, map.far > 0.1 && h("b", " These are many: draw it anew."),
      map.moved !== null && ` The median word moved by ${percent(map.moved, 1)} of the width.`, map.new_words > 0 && ` ${counted(map.new_words, "word")} came since.`), jobs)];
}
