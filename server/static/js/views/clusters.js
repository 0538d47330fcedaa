// The view "Clusters": the runs; of the one that is shown its clusters, and what became of them.

import { call, follow, get, path, post } from "../api.js";
import { bands, fate, stepOf, told } from "../clusters/bands.js";
import { card, toTopic } from "../clusters/cards.js";
import { asked, at, curve, runTable, startForm } from "../clusters/runs.js";
import { fill, h, text } from "../dom.js";
import { counted, seconds } from "../format.js";
import { hue } from "../parts/bar.js";
import { ask } from "../parts/dialog.js";
import { field, select } from "../parts/field.js";
import { jobProgress } from "../parts/job.js";
import { done } from "../parts/notice.js";
import { go, here, keep } from "../router.js";

const one = (run, ...rest) => path("clusterings", run.id, ...rest);
const open = (run) => { keep({ run }); dispatchEvent(new Event("hashchange")); };
let again = false; // this view was left for another state of it: the focus goes to what is new

/** Show the view; `state` is what stands in the address, `signal` ends when the view is left. */
export async function show(root, state, signal) {
  const [list, jobs, place, title] = [h("div.runs"), h("div.stack"), h("section.stack"), h("h2", { tabindex: -1 })];
  const [focus, id] = [again, state.get("run")];
  signal.addEventListener("abort", () => { again = here().view === "clusters"; });
  root.append(h("div.head", h("h1", "Clusters"), h("p", "Groups that the words form by themselves, and what becomes of them.")));
  let run;
  const read = async () => {
    const runs = (await get("clusterings", null, { signal })).clusterings;
    run ??= id ? runs.find((each) => each.id === id) : runs.find(({ status }) => status === "done") ?? runs[0];
    fill(list, runs[0] ? runTable(runs, run?.id) : h("p.empty", "No run yet. Start one: some thousand words take seconds."));
    return runs;
  };
  const runs = await read();
  const ready = runs.filter(({ status }) => status === "done");
  const form = startForm(ready[0]?.id, async (settings) => { watch(await post("clusterings", settings), true); read(); });
  const watch = async (begun, ours) => {
    const job = jobProgress(`Clustering, asked for: ${asked(begun)}`, () => call("DELETE", one(begun)));
    jobs.append(job.element);
    const { status } = await follow(one(begun), job.update, signal);
    job.element.remove();
    if (status !== "cancelled" && (ours || !id || id === begun.id)) return open(begun.id);
    done(`The run is ${status}.`);
    await read();
    if (document.activeElement === document.body) form.querySelector("button").focus();
  };
  root.append(h("div.top-of-runs", list, form), jobs, place);
  for (const each of runs) if (["queued", "running"].includes(each.status)) watch(each);
  if (!run) return fill(place, id && h("p.empty", "This run is not there any more."));
  const isDone = run.status === "done";
  fill(title, isDone ? `${counted(run.k, "cluster")} of ${counted(run.words, "word")}` : `This run is ${run.status}`);
  fill(place, h("div.row.apart", title, tools(run, read)),
    h("p.quiet", at(run), run.seconds !== null && `, took ${seconds(run.seconds)}`, run.new_words > 0 && `. ${counted(run.new_words, "word")} came since: each is in the cluster nearest to it.`),
    run.error && h("p.notice.bad", text(run.error)));
  if (focus) title.focus();
  if (isDone) await clusters({ place, run, ready, state, signal, active: runs.some(({ active }) => active) });
}

function tools(run, changed) {
  const click = async () => {
    run.pinned = (await call(run.pinned ? "DELETE" : "POST", one(run, "pin"))).pinned;
    name();
    changed();
  };
  const pin = h("button", { on: { click } });
  const name = () => fill(pin, run.pinned ? "Unpin" : "Pin");
  name();
  const remove = async () => {
    if (!await ask({ title: "Delete this run?", content: h("p", "Its clusters go with it, the words stay."), action: "Delete", danger: true })) return;
    await call("DELETE", one(run));
    open();
  };
  return h("div.row", run.status === "done" && pin, run.seconds !== null && h("button.danger", { on: { click: remove } }, "Delete"));
}

async function clusters({ place, run, ready, state, signal, active }) {
  const others = Object.fromEntries(ready.filter((each) => each !== run).map((each) => [each.id, at(each)]));
  const against = ready.find(({ id }) => id in others && id === state.get("with"));
  const sorted = run.clusters.toSorted((a, b) => b.size - a.size);
  const hues = new Map(sorted.slice(0, 12).map((cluster, i) => [cluster, hue(i)]));
  const fates = new Map(sorted.map((cluster) => [cluster, h("div")]));
  const history = h("div.card.stack", { hidden: ready.length < 2 }, h("div.row.apart", h("h2", "From run to run"),
    field("Compare with", select({ "": "the runs before", ...others }, against?.id ?? "", (chosen) => go("clusters", { run: run.id, with: chosen })))));
  place.append(run.curve ? curve(run) : "", history, h("div.clusters", sorted.map((cluster) => card({
    cluster, run, hue: hues.get(cluster), fate: fates.get(cluster), signal, shown: state.get("cluster") === cluster.id,
    open: (shown) => keep({ run: run.id, with: against?.id, cluster: shown ? cluster.id : null }),
    topic: () => toTopic(cluster, active),
  }))));
  const columns = against ? [against, run] : ready.slice(ready.indexOf(run)).slice(0, 5).reverse();
  if (columns.length < 2) return;
  const waiting = history.appendChild(h("p.quiet", "These runs are being compared \u2026"));
  const steps = await Promise.all(columns.slice(1).map((after, i) => stepOf(columns[i], after, signal)));
  for (const { rows } of steps.toReversed()) for (const { from, to, words } of rows) if (words && hues.has(to)) hues.set(from, hues.get(to));
  for (const [cluster, element] of fates) fill(element, fate(cluster, steps.at(-1)));
  waiting.replaceWith(...bands(steps, hues, Math.max(history.clientWidth - 40, 190 * columns.length)), h("details", h("summary", "As tables"), steps.map(told)));
}
