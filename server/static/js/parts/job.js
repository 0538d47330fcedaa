// A job that runs: how far it is, and a button that cancels it.

import { fill, h } from "../dom.js";
import { percent, seconds } from "../format.js";

/** Return {element, update(job)}: `name` says what runs, `cancel()` is called by the button. */
export function jobProgress(name, cancel) {
  const progress = h("progress", { max: 1, value: 0, "aria-label": name });
  const said = h("span.small.quiet.number", { role: "status" });
  const button = h("button.small", { type: "button", on: { click: () => { button.disabled = true; cancel(); } } }, "Cancel");
  return {
    element: h("div.card.stack.job", h("div.row.apart", h("span", name), button), progress, said),
    update(job) {
      progress.value = job.progress;
      fill(said, job.status === "queued" ? "waiting for its turn" : `${percent(job.progress)}, ${seconds(Math.max(0, Date.now() - Date.parse(job.created)) / 1000)}`);
    },
  };
}
