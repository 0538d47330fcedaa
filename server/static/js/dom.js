// Elements: built, filled and shown. The only way in which anything gets into the page.

/**
 * Make an element: h("button.primary", {type: "submit", on: {click: f}}, "Ask").
 * Properties: `on` has listeners, `style` CSS properties, `value`, `checked`, `disabled`, `open` and `selected` are set
 * as properties, all others as attributes (true: without a value; false, null and undefined: not at all).
 * Children: elements, texts, numbers, arrays of these; null, undefined and false are left out.
 */
export function h(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  return filled(document.createElement(tag), classes, rest);
}

/** Make an element of a picture: s("circle", {r: 3}). */
export function s(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), classes, rest);
}

/** Show a text of a user: isolated, so that its direction does not change what stands beside it. */
export function text(value) {
  return h("bdi", String(value));
}

/** Replace all children of an element; returns it. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** Make an id that no other element has. */
export const uid = (() => { let last = 0; return () => `id-${++last}`; })();

const PROPERTIES = new Set(["value", "checked", "disabled", "open", "selected", "indeterminate"]);

function filled(element, classes, rest) {
  const [first] = rest;
  if (first && typeof first === "object" && !(first instanceof Node) && !Array.isArray(first)) {
    rest.shift();
    for (const [name, value] of Object.entries(first)) set(element, name, value);
  }
  if (classes.length) element.classList.add(...classes);
  element.append(...nodes(rest));
  if (first?.value !== undefined && element.tagName === "SELECT") element.value = first.value; // its options are there now
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined) return;
  if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
  else if (name === "style") for (const [property, given] of Object.entries(value)) element.style.setProperty(property, given);
  else if (PROPERTIES.has(name) && name in element) element[name] = value;
  else if (value !== false) element.setAttribute(name, value === true ? "" : value);
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}
