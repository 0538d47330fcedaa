// The view "Topics".

import { h } from "../dom.js";

/** Show the view; `state` is what stands in the address, `signal` ends when the view is left. */
export async function show(root, state, signal) {
  root.append(h("div.head", h("h1", "Topics")));
}
