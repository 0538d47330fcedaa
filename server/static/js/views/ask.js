// The view "Ask": texts as lines, and the answer to the newest question.

import { one } from "../ask/one.js";
import { several } from "../ask/several.js";
import { start } from "../ask/start.js";
import { answers, verdict } from "../ask/verdict.js";
import { fill, h, uid } from "../dom.js";
import { count, counted } from "../format.js";
import { failed } from "../parts/notice.js";
import { keep, link, step } from "../router.js";

const MOST = 1000;
const ADDRESS = 2000; // characters that mail and chat programs leave whole
const SPINNER = 150; // milliseconds
const TEXT = /[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/; // not blank, as the API has it

/** Show the view; `state` has each `text`, and `show`: how several are shown. */
export async function show(root, state, signal) {
  const said = h("span.small.quiet", { id: uid() });
  const spoken = h("p.unseen", { role: "status" });
  const results = h("div.ask-results");
  const spinner = h("p.quiet", "Asking\u2026");
  let newest = new AbortController();

  const lines = () => input.value.split("\n").filter((line) => TEXT.test(line));
  const hint = () => {
    const { length } = lines();
    return length > 1 ? `${counted(length, "text")}. Ctrl+Enter asks.` : "Enter asks, Shift+Enter begins a new line.";
  };
  const send = () => {
    const texts = lines();
    if (texts.length && texts.length <= MOST) return ask(texts);
    input.setAttribute("aria-invalid", "true");
    return fill(said, texts.length ? `${count(texts.length)} texts are too many: ${count(MOST)} at most are asked at once.` : "Type a text first.");
  };
  const input = h("textarea.ask-input", {
    rows: 1, "aria-label": "Texts, one a line", "aria-describedby": said.id, placeholder: "A word or a short text; or many, one a line", spellcheck: "false",
    on: {
      input: () => { fill(said, hint()); input.removeAttribute("aria-invalid"); },
      keydown: (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        if (event.ctrlKey || event.metaKey || !(event.shiftKey || input.value.includes("\n"))) { event.preventDefault(); send(); }
      },
    },
  });

  /** Write the question into the address by `how`, where it is short enough for one. */
  function write(how, state) {
    const short = link("ask", state).length <= ADDRESS;
    how(short ? state : {});
    fill(said, hint(), short ? "" : " Too long for the address: a link to this page leaves them out.");
  }

  async function ask(texts, shown = null, how = step) {
    newest.abort();
    newest = new AbortController();
    const mine = AbortSignal.any([signal, newest.signal]);
    input.value = texts.join("\n");
    write(how, { text: texts, show: shown });
    results.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => results.prepend(spinner), SPINNER);
    try {
      const found = await answers(texts, mine);
      const single = texts.length === 1;
      fill(results, single ? one(texts[0], found, mine) : several(texts, found, shown, (now) => write(keep, { text: texts, show: now }), mine));
      fill(spoken, single ? verdict(found.results[0], found.thresholds) : `${counted(texts.length, "text")} answered`);
    } catch (error) {
      failed(results, error);
    } finally {
      clearTimeout(slow);
      if (!mine.aborted) results.removeAttribute("aria-busy");
    }
  }

  root.append(
    h("div.head", h("h1", "Ask"), h("p", "Which topic, how sure, why, or none of them.")),
    h("form.card.stack", { on: { submit: (event) => { event.preventDefault(); send(); } } },
      input, h("div.row.apart", said, h("button.primary", { type: "submit" }, "Ask"))),
    spoken, results);
  fill(said, hint());
  const texts = state.getAll("text").filter((one) => TEXT.test(one)).slice(0, MOST);
  if (texts.length) return ask(texts, state.get("show"), keep);
  input.focus();
  return start(results, ask, signal);
}
