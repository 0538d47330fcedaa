// Fields: a label with what is typed or chosen.

import { h } from "../dom.js";

/** Return a labelled field; `hint` stands below it. */
export function field(label, input, hint = null) {
  return h("label.field", h("span", label), input, hint && h("span", hint));
}

/** Return a select of {value: label}. */
export function select(options, value, on) {
  return h("select", { value, on: { change: (event) => on(event.target.value) } },
    Object.entries(options).map(([one, label]) => h("option", { value: one }, label)));
}
