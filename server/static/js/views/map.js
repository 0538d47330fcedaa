// The view "Map": the newest map or the one that the address names, or where to make one.

import { get } from "../api.js";
import { h } from "../dom.js";
import { scene } from "../map/scene.js";
import { versions } from "../map/versions.js";
import { keep } from "../router.js";

/** Show the view; `state` has `map`, and what is shown of it (see map/scene.js). */
export async function show(root, state, signal) {
  const at = Object.fromEntries(state);
  const read = (what, query) => get(what, query, { signal });
  const [{ maps }, { topics }, { clusterings }, { words }] = await Promise.all([read("maps"), read("topics"), read("clusterings"), read("words", { limit: 100 })]);
  const done = ({ status }) => status === "done";
  const map = maps.filter(done).find(({ id }) => id === at.map) ?? maps.find(done);
  const [tools, said] = versions({ maps, map, signal, show: (id) => { keep({ ...at, map: id }); dispatchEvent(new Event("hashchange")); } });
  const place = h("section.stack", { "aria-label": "The map" });
  root.append(h("div.head", h("h1", "Map"), tools), said, place);
  const metadata = [...new Set(words.flatMap((word) => Object.keys(word.metadata)))].slice(0, 50);
  if (map) await scene(place, { map, topics, runs: clusterings.filter(done), metadata, at, signal });
}
