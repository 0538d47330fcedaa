// Topics that grow on the corpus: started, looked at, switched on.

import { call, follow, path, post } from "../api.js";
import { fill, h } from "../dom.js";
import { count, counted, when } from "../format.js";
import { jobProgress } from "../parts/job.js";
import { moves } from "./name.js";

/** `run` is the newest one around the topics, if any. */
export function growing({ names, signal, again }, run) {
  const box = h("div.stack");

  async function watch({ id }) {
    const at = path("clusterings", id);
    const progress = jobProgress("The topics grow", () => call("DELETE", at));
    fill(box, progress.element);
    await follow(at, progress.update, signal);
    again();
  }

  function result({ id, adaptation, active, created, words }) {
    const on = async () => { await post(`${path("clusterings", id)}/activate`); again(); };
    return [
      h("div.row.apart", h("p", `${counted(adaptation.moved, "word")} of ${count(words)} ${active ? "got" : "would get"} another topic. `, h("span.quiet", when(created))),
        active ? h("span.badge.good", "switched on") : h("button.primary", { on: { click: on } }, "Switch on")),
      moves(adaptation.examples, names),
    ];
  }

  if (["queued", "running"].includes(run?.status)) watch(run);
  else if (run) fill(box, run.adaptation ? result(run) : h("p", run.error ?? "Cancelled: nothing changed."));
  const start = async () => watch(await post("clusterings", { around: "topics" }));
  return h("section.card.stack", h("div.row.apart", h("h2", "Grow on the corpus"), h("button", { on: { click: start } }, "Grow the topics")),
    h("p.quiet", "Each topic moves to where the corpus has its texts. Answers stay as they are until you switch it on."), box);
}
