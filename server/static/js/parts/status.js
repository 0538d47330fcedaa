// The light in the header: whether the server is ready.

import { connection, wait } from "../api.js";
import { fill, h } from "../dom.js";

const SAID = {
  ready: ["good", "Ready"],
  loading: ["warn", "Loading the model"],
  down: ["bad", "No answer"],
};

/** Return the light; it looks at the server until that is ready, and again when it has come back. */
export function statusLight() {
  const light = h("span.badge", { role: "status" });
  const set = (state) => { const [kind, said] = SAID[state]; light.className = `badge ${kind}`; fill(light, said); };
  const look = async () => {
    for (;;) {
      const ready = await fetch(new URL("readyz", document.baseURI), { cache: "no-store" }).then((r) => r.ok, () => null);
      if (ready === null) return set("down");
      set(ready ? "ready" : "loading");
      if (ready) return undefined;
      await wait(500);
    }
  };
  connection.addEventListener("down", () => set("down"));
  connection.addEventListener("up", look);
  look();
  return light;
}
