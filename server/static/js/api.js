// The API as the page calls it: the key, problems in words, jobs that are followed, a server that comes back.

const BASE = new URL("v1/", document.baseURI);
const KEPT = "topicdex-key"; // in the tab's own storage, where the user says so
let key = sessionStorage.getItem(KEPT);
let asked = null; // the dialog that is open: calls that are refused meanwhile wait for the same answer
let declined = false; // the user closed it: no call asks again before the page is loaded again, for which there is a button

/** What went wrong, as the server says it: `code` for the page, `detail` for a person. */
export class Problem extends Error {
  constructor(status, { code = "internal", detail = "The server gave no reason.", errors = [] } = {}) {
    super(detail);
    Object.assign(this, { name: "Problem", status, code, detail, errors });
  }
}

/** `down` and `up`, when the server stops answering and answers again; `changed`, when what is stored may be another. */
export const connection = new EventTarget();

/** Replaced by the frame: asks for the key, resolves to {key, keep} or null. */
export const doors = { askForKey: async (_wrong) => null };

export const get = (path, query, options) => call("GET", path, { query, ...options });
export const post = (path, body, options) => call("POST", path, { body, ...options });

/** Ask by POST: nothing is changed by it, so it waits for a server that does not answer, as a GET does. */
export const question = (path, body, options) => call("POST", path, { body, harmless: true, ...options });

export const hasKey = () => key !== null;

/**
 * Call the API and return what it answers: JSON, or null where there is no body. `path` is relative to /v1.
 * Options: `query` (of an array each one stands), `body` (JSON), `file` (bytes to send as they are), `headers`, `signal`,
 * `lines` (the answer is JSON lines, returned as an array), `bytes` (it is an ArrayBuffer), `whole` ({answer, response}
 * in place of the answer), `harmless` (it changes nothing: so of itself is a GET). Raises Problem; AbortError where
 * `signal` ends the call. A harmless call waits for a server that does not answer.
 */
export async function call(method, path, options = {}) {
  const { harmless = method === "GET", lines, bytes, signal, whole } = options;
  for (;;) {
    const sent = key;
    const response = await reach(method, path, options, harmless);
    if (response.status === 401) {
      if (sent !== key || (await newKey(sent !== null))) continue; // another call has asked for it meanwhile
      throw new Problem(401, { code: "unauthorized", detail: "This server wants a key." });
    }
    if (!response.ok) throw await problem(response);
    let answer;
    try {
      answer = bytes ? await response.arrayBuffer() : await read(response, lines);
    } catch (error) {
      await comeBack(error, harmless, signal); // the server died while it answered
      continue;
    }
    if (!harmless) connection.dispatchEvent(new Event("changed"));
    return whole ? { answer, response } : answer;
  }
}

/** The parts of a path, each encoded: path("words", "a/b"). */
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

/** Follow a job or clustering until it has ended; `each` gets it every time. Returns it. */
export async function follow(at, each, signal) {
  for (let pause = 150; ; pause = Math.min(1000, pause * 1.3)) {
    const job = await get(at, null, { signal });
    each(job);
    if (!["queued", "running"].includes(job.status)) {
      connection.dispatchEvent(new Event("changed"));
      return job;
    }
    await wait(pause, signal);
  }
}

/** Resolve after some milliseconds, reject with AbortError where the signal comes first. */
export function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(new DOMException("left", "AbortError")); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

export function forgetKey() {
  key = null;
  sessionStorage.removeItem(KEPT);
}

async function reach(method, path, { query, body, file, headers, signal }, harmless) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query ?? {})) for (const one of [value].flat()) if (one !== null && one !== undefined) url.searchParams.append(name, one);
  const sent = { ...headers, ...(key !== null && { Authorization: `Bearer ${utf8(key)}` }) };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  else if (file !== undefined) sent["Content-Type"] = "application/octet-stream";
  for (;;) {
    try {
      return await fetch(url, { method, headers: sent, body: body === undefined ? file : JSON.stringify(body), signal, cache: "no-store", credentials: "omit" });
    } catch (error) {
      await comeBack(error, harmless, signal);
    }
  }
}

/** Wait for a server that was lost, where the call may be made again; else raise what is to be said. */
async function comeBack(error, harmless, signal) {
  if (error.name === "AbortError") throw error;
  const up = untilUp();
  if (!harmless) throw new Problem(0, { code: "server_unavailable", detail: "The server does not answer, so it is not known whether this was done. Look, and do it again where it was not." });
  await up;
  signal?.throwIfAborted();
}

let coming = null;
function untilUp() {
  coming ??= (async () => {
    connection.dispatchEvent(new Event("down"));
    for (;;) {
      await wait(700);
      try {
        if ((await fetch(new URL("../healthz", BASE), { cache: "no-store" })).ok) break;
      } catch { /* still down */ }
    }
    coming = null;
    connection.dispatchEvent(new Event("up"));
  })();
  return coming;
}

/** The bytes of a text in UTF-8, as a header takes them: one character each. */
const utf8 = (text) => String.fromCharCode(...new TextEncoder().encode(text));

async function newKey(wrong) {
  if (declined) return false;
  asked ??= doors.askForKey(wrong).finally(() => { asked = null; });
  const given = await asked;
  declined = !given;
  if (!given) return false;
  key = given.key;
  if (given.keep) sessionStorage.setItem(KEPT, key);
  else sessionStorage.removeItem(KEPT);
  return true;
}

async function read(response, lines) {
  if (response.status === 204) return null;
  if (!lines) return response.json();
  return (await response.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function problem(response) {
  try {
    return new Problem(response.status, await response.json());
  } catch {
    return new Problem(response.status, { detail: `The server answered ${response.status} ${response.statusText}.` });
  }
}
