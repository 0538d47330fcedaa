// Dialogs: a question with buttons, answered once.

import { h } from "../dom.js";

/**
 * Ask in a dialog and return what `answer(form)` gives for its form when it is sent, null where it is closed.
 * `action` is the text of the button; `danger` marks what cannot be undone.
 */
export function ask({ title, content = [], action = "OK", danger = false, answer = () => true }) {
  return new Promise((resolve) => {
    let given = null;
    const form = h(
      "form",
      { method: "dialog", on: { submit: () => { given = answer(form); } } },
      h("h2", { id: "dialog-title" }, title),
      content,
      h("div.row", h(`button.${danger ? "danger" : "primary"}`, { type: "submit" }, action),
        h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel")),
    );
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", on: { close: () => { dialog.remove(); resolve(given); } } }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}
