// The dialog that asks for the key of the server.

import { h } from "../dom.js";
import { ask } from "./dialog.js";
import { field } from "./field.js";

/** Ask for the key; returns {key, keep}, or null. `wrong`: a key was given, and the server refused it. */
export function keyDialog(wrong) {
  const input = h("input", { type: "password", autocomplete: "off", required: true, "aria-invalid": wrong ? "true" : null });
  const keep = h("input", { type: "checkbox" });
  return ask({
    title: wrong ? "This key is not the server's" : "This server wants a key",
    content: [
      h("p.quiet", wrong ? "Look at what TOPICDEX_API_KEY is on the server, and try again." : "It is what TOPICDEX_API_KEY is on the server."),
      field("Key", input),
      h("label.check", keep, "Keep it until this tab is closed"),
    ],
    action: "Use this key",
    answer: () => ({ key: input.value, keep: keep.checked }),
  });
}
