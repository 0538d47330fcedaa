// What is stored, in the header; a server that wants a key asks for it by this call, as the page is opened.

import { connection, forgetKey, get, hasKey } from "../api.js";
import { fill, h } from "../dom.js";
import { counted } from "../format.js";

/** Return {element, look()}; `look` shows how many words and topics there are now. */
export function stored() {
  const element = h("span.stored.row");
  const again = (label, before) => h("button.small", { type: "button", on: { click: () => { before?.(); location.reload(); } } }, label);
  const look = async () => {
    try {
      const { counts } = await get("info");
      fill(element, h("span.small.quiet.number", `${counted(counts.words, "word")}, ${counted(counts.topics, "topic")}`),
        hasKey() && again("Forget the key", forgetKey));
    } catch (error) {
      fill(element, error.code === "unauthorized" && again("Enter the key")); // the view tells all else: it asks the same server
    }
  };
  connection.addEventListener("changed", look);
  connection.addEventListener("up", look);
  return { element, look };
}
