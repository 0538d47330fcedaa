// Topics that grow on the corpus: started, looked at, switched on.

import { call, follow, path, post } from "../api.js";
import { fill, h } from "../dom.js";
import { count, counted, when } from "../format.js";
import { jobProgress } from "../parts/job.js";
import { moves } from "./name.js";

/** Return the place where it is done; `run` is the newest one, if any. */
export function growing({ names, signal, again }, run) {
  const box = h("div.stack");
  const start = h("button", { on: { click: async () => watch(await post("clusterings", { around: "topics" })) } }, "Grow the topics");

  async function watch({ id }) {
    const at = path("clusterings", id);
    const progress = jobProgress("The topics grow", () => call("DELETE", at));
    fill(box, progress.element);
    start.disabled = true;
    await follow(at, progress.update, signal);
    again();
  }

  function show({ id, adaptation, active, created, words, error }) {
    if (!adaptation) return fill(box, h("p", error ?? "Cancelled: nothing changed."));
    const on = async () => { await post(`${path("clusterings", id)}/activate`); again(); };
    return fill(box,
      h("div.row.apart", h("p", `${counted(adaptation.moved, "word")} of ${count(words)} ${active ? "got" : "would get"} another topic. `, h("span.quiet", when(created))),
        active ? h("span.badge.good", "switched on") : h("button.primary", { on: { click: on } }, "Switch on")),
      moves(adaptation.examples, names));
  }

  if (["queued", "running"].includes(run?.status)) watch(run);
  else if (run) show(run);
  return h("section.card.stack", h("div.row.apart", h("h2", "Grow on the corpus"), start),
    h("p.quiet", "Each topic moves to where the corpus has its texts. Answers stay as they are until you switch it on."), box);
}
