// The address: which view is shown, and its state, as #/view?name=value.

const HOME = "ask";

/** The views in their order: name, title, and the module that shows it. */
export const VIEWS = {
  ask: { title: "Ask", load: () => import("./views/ask.js") },
  topics: { title: "Topics", load: () => import("./views/topics.js") },
  map: { title: "Map", load: () => import("./views/map.js") },
  clusters: { title: "Clusters", load: () => import("./views/clusters.js") },
  evidence: { title: "Evidence", load: () => import("./views/evidence.js") },
  operations: { title: "Operations", load: () => import("./views/operations.js") },
};

/** The address of a view in a state; values that are null, undefined or "" are left out, of arrays each one stands. */
export function link(view, state = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  return `#/${view}${query.size ? `?${query}` : ""}`;
}

/** Go to a view. */
export function go(view, state) {
  location.hash = link(view, state);
}

/** Where the address points: the view, and its state as URLSearchParams. */
export function here() {
  const [, view, query] = /^#\/([a-z]+)(?:\?(.*))?$/.exec(location.hash) ?? [];
  return { view: Object.hasOwn(VIEWS, view ?? "") ? view : HOME, state: new URLSearchParams(query ?? "") };
}

/** Write the state of the view that is shown into the address, without showing it again. */
export function keep(state) {
  history.replaceState(null, "", link(here().view, state));
}

/** As `keep`, but "Back" leads to what was there before. */
export function step(state) {
  history.pushState(null, "", link(here().view, state));
}
