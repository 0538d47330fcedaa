// The frame: shows the view that the address names, and what concerns all of them.

import { connection, doors, forgetKey, get } from "./api.js";
import { fill, h } from "./dom.js";
import { keyDialog } from "./parts/key.js";
import { banner, tell } from "./parts/notice.js";
import { statusLight } from "./parts/status.js";
import { themeButton } from "./parts/theme.js";
import { here, link, VIEWS } from "./router.js";

const root = document.getElementById("view");
let leave = new AbortController();

/** Show the view of the address. A view is `show(root, state, signal)`: state as URLSearchParams, signal ends with it. */
async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const { view, state } = here();
  navigation(view);
  document.title = `${VIEWS[view].title} \u00b7 topicdex`;
  try {
    const module = await VIEWS[view].load();
    if (signal.aborted) return;
    fill(root);
    root.className = `view-${view}`;
    await module.show(root, state, signal);
  } catch (error) {
    if (error.name !== "AbortError") tell(error);
  }
}

function navigation(current) {
  fill(
    document.getElementById("views"),
    Object.entries(VIEWS).map(([name, { title }]) => h("a", { href: link(name), "aria-current": name === current ? "page" : null }, title)),
  );
}

function start() {
  doors.askForKey = keyDialog;
  fill(document.getElementById("tools"), statusLight(), themeButton());
  let down = null;
  connection.addEventListener("down", () => { down ??= banner("The server does not answer. This page goes on by itself when it does.", "bad"); });
  connection.addEventListener("up", () => { down?.remove(); down = null; });
  const open = ["localhost", "[::1]"].includes(location.hostname) || location.hostname.startsWith("127.");
  if (location.protocol === "http:" && !open) banner("This page came over plain HTTP: whoever is between you and the server can read along, the key too.", "warn");
  window.addEventListener("hashchange", show);
  window.addEventListener("unhandledrejection", (event) => { event.preventDefault(); tell(event.reason); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const field = root.querySelector("textarea, input[type=search], input[type=text]");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });
  show();
}

start();
