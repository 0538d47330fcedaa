// The view "Map": the newest map or the one that the address names, or where to make one.

import { get } from "../api.js";
import { h } from "../dom.js";
import { scene } from "../map/scene.js";
import { versions } from "../map/versions.js";
import { go } from "../router.js";

/** Show the view; `state`: `map`, and what is shown of it (see map/scene.js). */
export async function show(root, state, signal) {
  const at = Object.fromEntries(state);
  root.append(h("div.head", h("h1", "Map"), h("p", "The whole corpus at a glance: each point is a word.")));
  const read = (what, query) => get(what, query, { signal });
  const [{ maps }, { topics }, { clusterings }, { words }] = await Promise.all([read("maps"), read("topics"), read("clusterings"), read("words", { limit: 100 })]);
  const ready = maps.filter(({ status }) => status === "done");
  const map = ready.find(({ id }) => id === at.map) ?? ready[0];
  const open = (id) => { const before = location.hash; go("map", { ...at, map: id }); if (location.hash === before) dispatchEvent(new Event("hashchange")); };
  const place = h("section.stack", { "aria-label": "The map" });
  root.append(versions({ maps, map, open, signal }), place);
  if (!map) return;
  const metadata = [...new Set(words.flatMap((word) => Object.keys(word.metadata)))].slice(0, 50);
  await scene(place, { map, topics, runs: clusterings.filter(({ status }) => status === "done"), metadata, at, signal });
}
