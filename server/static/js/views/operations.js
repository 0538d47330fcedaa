// The view "Operations": what is stored, files to index, the doctor, the words.

import { call, follow, get, path } from "../api.js";
import { fill, h, text } from "../dom.js";
import { bytes, count, counted, dollars, score, seconds, when } from "../format.js";
import { drop } from "../parts/drop.js";
import { jobProgress } from "../parts/job.js";
import { failed, problemText, tell } from "../parts/notice.js";
import { facts, wordList } from "../parts/words.js";
import { link } from "../router.js";

const ENDED = { done: "good", failed: "bad", cancelled: "warn" };

/** Show the view; `state` is that of the list of words, `signal` ends when the view is left. */
export async function show(root, state, signal) {
  const stored = h("div");
  const look = () => overview(signal).then((shown) => fill(stored, shown), (error) => failed(stored, error));
  const words = wordList(state, look, signal);
  const imports = jobs("imports", () => { look(); words.load(); }, signal);
  const checks = jobs("doctor", null, signal);
  const column = h("input", { placeholder: "text, or the only one" });
  const id = h("input", { placeholder: "id, or made from the text" });
  const take = (file) => imports.start({ file, query: { name: file.name, text_column: column.value || null, id_column: id.value || null } });
  const card = (title, ...content) => h("section.card.stack", h("h2", title), content);
  root.append(
    h("div.head", h("h1", "Operations")),
    h("div.columns",
      card("Stored", stored),
      card("Index files", drop({ label: "Choose files", hint: "or drop them here: .csv, .tsv, .txt, .jsonl, .parquet, also .gz", multiple: true, take }),
        h("details", h("summary", "Columns of a table"), h("label.field", "Text", column), h("label.field", "Id", id)), imports.element),
      card("Doctor", h("p.quiet", "Compares what is stored with what can be found, and changes nothing."),
        h("div", h("button", { on: { click: () => checks.start() } }, "Check the store")), checks.element)),
    words.element,
  );
  await Promise.all([look(), words.load(), imports.load(), checks.load()]);
}

async function overview(signal) {
  const [{ counts, model, snapshot, ...info }, limits, state] = await Promise.all([get("info", null, { signal }), get("thresholds", null, { signal }),
    get("../readyz", null, { signal }).then(() => "Ready", problemText)]);
  const { costs } = info;
  const paid = ({ usd, tokens }) => `${dollars(usd)} (${counted(tokens, "token")})`;
  const limit = (value) => (value === null ? "none" : score(value));
  const own = Object.keys(limits.topics).length;
  return facts({
    State: state,
    Words: `${count(counts.words)}, ${info.cached_words === counts.words ? "all" : count(info.cached_words)} in memory`,
    Topics: count(counts.topics),
    Thresholds: [`Score ${limit(limits.score)}, margin ${limit(limits.margin)}`, own > 0 && `, other scores of ${counted(own, "topic")}`, ". ", h("a", { href: link("evidence") }, "Change")],
    Model: `${model.name}, ${model.dimension} dimensions`,
    Store: `${info.store.mode === "server" ? "Chroma server" : "Folder"}, format ${info.store.format}`,
    Snapshot: snapshot ? `${bytes(snapshot.bytes)}, ${when(snapshot.created)}` : "None",
    ...(costs?.total.tokens && { Paid: [`Today ${paid(costs.today)}, this month ${paid(costs.month)}, in all ${paid(costs.total)}. `,
      costs.total.unpriced > 0 && `Of ${counted(costs.total.unpriced, "token")} no price is known. `, `Prices of ${costs.dated}; prices change. Days end at 0:00 UTC.`] }),
    Version: info.version,
  });
}

/** The jobs of one kind, newest first; `ended()` comes after one that ran. */
function jobs(kind, ended, signal) {
  const element = h("div.stack.jobs");
  let sent = Promise.resolve(); // one file after another

  async function watch(entry, job) {
    const name = job.name ?? "Check of the store";
    const at = path(kind, job.id);
    if (!ENDED[job.status]) {
      const running = jobProgress(name, () => call("DELETE", at).catch(tell));
      fill(entry, running.element);
      job = await follow(at, running.update, signal);
      ended?.();
    }
    fill(entry,
      h("div", text(name), " ", h(`span.badge.${ENDED[job.status]}`, job.status)),
      job.error && h("p", text(job.error)),
      job.rows > 0 && h("p", `${count(job.added)} added, ${count(job.updated)} updated, ${count(job.unchanged)} unchanged, ${count(job.skipped)} skipped of ${counted(job.rows, "row")}; ${counted(job.embedded, "text")} embedded.`),
      job.healthy && h("p", `All is well: ${counted(job.words, "word")} checked.`),
      h("ul", (job.reasons ?? job.findings).map((one) => h("li", `${count(one.count)}: `, text(one.reason ?? one.message),
        one.examples?.slice(0, 3).map((id) => [" ", h("a", { href: link("operations", { word: id }) }, text(id))])))),
      h("p.quiet.small", `${when(job.created)}, ${seconds(job.seconds)}`));
  }
  const add = (entry, job) => watch(entry, job).catch((error) => failed(entry, error));

  return {
    element,
    load: async () => { for (const job of (await get(kind, null, { signal }))[kind]) add(element.appendChild(h("div")), job); },
    start(options) {
      const entry = h("div", { role: "status" }, options ? ["Sending ", text(options.file.name)] : "Beginning");
      element.prepend(entry);
      sent = sent.then(() => call("POST", kind, options)).then((job) => { add(entry, job); }, (error) => failed(entry, error));
    },
  };
}
