// "Copy as curl": a call as a command for a shell.

import { hasKey } from "../api.js";
import { h } from "../dom.js";
import { ask } from "../parts/dialog.js";
import { done } from "../parts/notice.js";

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu; // what a terminal would obey, or not show
const escaped = (found) => Array.from(found.split(""), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

/** Return the command; JSON is one line without line ends, so a here-document takes any text as it is. */
function command(path, body) {
  const url = new URL(`v1/${path}`, document.baseURI).href.replaceAll("'", "%27");
  const key = hasKey() ? ' -H "Authorization: Bearer $TOPICDEX_API_KEY"' : "";
  return `curl -sS '${url}'${key} \\\n  -H 'Content-Type: application/json' --data-binary @- <<'JSON'\n${JSON.stringify(body).replace(UNSEEN, escaped)}\nJSON\n`;
}

/** Return the button that copies the call that `called()` gives, as [path, body]. */
export function curlButton(called) {
  const copy = async () => {
    const value = command(...called());
    try {
      await navigator.clipboard.writeText(value);
      done("Copied: paste it into a shell.");
    } catch { // over plain HTTP, or where the user refuses it, there is no clipboard
      ask({ title: "Copy as curl", content: h("textarea", { value, readonly: true, rows: 8, "aria-label": "Command" }), action: "Close" });
    }
  };
  return h("button.small", { type: "button", on: { click: copy } }, "Copy as curl");
}
