// A place where files are dropped, or chosen by a button.

import { h, uid } from "../dom.js";

/** Return the place; `take(file)` gets each file. */
export function drop({ label, hint, accept, multiple = false, take }) {
  const id = uid();
  const input = h("input.unseen", { id, type: "file", accept, multiple, on: { change: () => { [...input.files].forEach(take); input.value = ""; } } });
  const place = h("div.drop", {
    on: {
      dragover: (event) => { event.preventDefault(); place.classList.add("over"); },
      dragleave: () => place.classList.remove("over"),
      drop: (event) => {
        event.preventDefault();
        place.classList.remove("over");
        [...event.dataTransfer.files].slice(0, multiple ? undefined : 1).forEach(take);
      },
    },
  }, input, h("label.button", { for: id }, label), h("span.small", hint));
  return place;
}
