// Light or dark: as the system has it, until the user chooses.

import { fill, h } from "../dom.js";

const KEPT = "topicdex-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  document.documentElement.dataset.theme = localStorage.getItem(KEPT) ?? (system.matches ? "dark" : "light");
}

apply();
system.addEventListener("change", apply);

/** Return the button that changes it. */
export function themeButton() {
  const button = h("button.small", { type: "button", on: { click: () => {
    localStorage.setItem(KEPT, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    apply();
    say();
  } } });
  const say = () => fill(button, document.documentElement.dataset.theme === "dark" ? "Light" : "Dark");
  system.addEventListener("change", say);
  say();
  return button;
}
