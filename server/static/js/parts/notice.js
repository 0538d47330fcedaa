// Notices above the view: what was done, what went wrong and what to do.

import { fill, h, text } from "../dom.js";

const WHAT_TO_DO = {
  unauthorized: "Load the page again to enter it.",
  not_ready: "Wait a moment; it says here when it is ready.",
  too_many_jobs: "Try again when one of them has ended.",
  conflict: "Load the page again to see how it is now.",
  precondition_failed: "Somebody else was quicker: look at what it is now, then change it again.",
  forbidden: "Open the page under the address that the server printed, or name this one in TOPICDEX_ALLOWED_HOSTS.",
  store_busy: "Another command owns the store; wait until it has ended.",
  over_budget: "What needs no new vector goes on.",
};

/** Show a line until it is removed; `kind` is "good", "warn", "bad" or nothing. Returns the element. */
export function banner(what, kind = "") {
  const line = h(`div.notice.fade${kind && `.${kind}`}`, { role: kind === "bad" ? "alert" : null }, h("p", what));
  document.getElementById("notices").append(line);
  return line;
}

/** Say what was done, for some seconds. */
export function done(...what) {
  const line = banner(h("span", ...what), "good");
  setTimeout(() => line.remove(), 6000);
}

/** Show an error in words, with a button that takes it away; what is no problem of the API is a fault of the page. */
export function tell(error) {
  if (error?.name === "AbortError") return;
  const line = banner(problemText(error), "bad");
  line.append(h("button.small", { type: "button", on: { click: () => line.remove() } }, "Close"));
  for (const old of [...document.querySelectorAll("#notices .notice.bad")].slice(0, -3)) old.remove();
  if (!error?.code) console.error(error);
}

/** Return a problem as a sentence and what to do, with the fields that are wrong. */
export function problemText(error) {
  if (!error?.code) return h("span", "This page has a fault: ", text(error?.message ?? error), ". Load it again.");
  const sentence = error.detail.charAt(0).toUpperCase() + error.detail.slice(1);
  const end = /[.!?]$/.test(sentence) ? " " : ". ";
  return h("span", text(sentence), end, WHAT_TO_DO[error.code] ?? "");
}

/** Show in an element what has gone wrong there, in place of what could not be shown. */
export function failed(element, error) {
  if (error?.name === "AbortError") return;
  fill(element, h("div.notice.bad", { role: "alert" }, h("p", problemText(error))));
}
