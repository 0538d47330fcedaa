"""The doors as a browser meets them: a page of another site or under a foreign name, and the page over plain HTTP."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.processes import Server, serve
from tests.page.conftest import CHROMIUM, FLAGS

NAMED = "topicdex.example"
WARNING = "This page came over plain HTTP"


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """A browser for which every name under `example` is this machine, as an attacker's name server would have it."""
    rules = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, rules]) as browser:
        yield browser


class Trap(BaseHTTPRequestHandler):
    """A page of somebody else, whose script the test writes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>trap</title><body></body>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def trap() -> Iterator[int]:
    """The port of a server on this machine that is not ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield other.server_port
        other.shutdown()
        thread.join()


def stored(server: Server) -> list[object]:
    paths = ("/v1/topics", "/v1/words", "/v1/thresholds", "/v1/clusterings")
    return [server.client.call("GET", path) for path in paths]


ATTACK = """async ([target, id]) => {
  const said = [];
  const call = async (path, options) => {
    try { said.push([path, await (await fetch(target + path, options)).text()]); } catch { /* refused */ }
  };
  const topics = JSON.stringify({ topics: [{ name: "pwned" }] });
  await call("/v1/topics", { method: "POST", mode: "no-cors", body: topics });
  await call("/v1/topics", { method: "POST", mode: "no-cors", body: topics, credentials: "include" });
  await call("/v1/topics", { method: "POST", mode: "cors", body: topics, headers: { "Content-Type": "application/json" } });
  await call(`/v1/clusterings/${id}/pin`, { method: "POST", mode: "no-cors" });
  await call(`/v1/clusterings/${id}`, { method: "DELETE", mode: "cors" });
  await call("/v1/words", { mode: "no-cors" });
  await call("/v1/words", { mode: "cors" });
  navigator.sendBeacon(`${target}/v1/clusterings/${id}/pin`);
  const embed = (tag, name, path) => new Promise((done) => {
    const element = document.createElement(tag);
    element.onload = () => { if (tag !== "iframe") said.push([tag, "loaded"]); done(); };
    element.onerror = done;
    element[name] = target + path;
    document.body.append(element);
  });
  await embed("img", "src", "/static/icon.svg");
  await embed("script", "src", "/v1/words");
  await embed("script", "src", "/static/js/format.js");
  await embed("iframe", "src", "/");
  await embed("iframe", "src", "/docs");
  return said.filter(([, text]) => text !== "");
}"""

FORM = """([target]) => {
  const form = document.createElement("form");
  Object.assign(form, { action: `${target}/v1/topics`, method: "post", enctype: "text/plain" });
  const field = document.createElement("input");
  Object.assign(field, { name: '{"topics": [{"name": "pwned", "description": "', value: '"}]}' });
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.example"])
def test_a_page_of_another_site_changes_reads_and_frames_nothing(
    context: BrowserContext, server: Server, trap: int, host: str
):
    id = server.client.cluster(k=3)["id"]
    before = stored(server)
    page = context.new_page()
    page.goto(f"http://{host}:{trap}/")
    assert page.evaluate(ATTACK, [server.url, id]) == []
    assert [frame.locator("#views, #api").count() for frame in page.frames[1:]] == [0, 0]
    with page.expect_navigation():
        page.evaluate(FORM, [server.url])
    assert '"code": "forbidden"' in page.content()
    assert stored(server) == before


def test_a_name_that_an_attacker_points_here_is_answered_nothing(context: BrowserContext, server: Server):
    page = context.new_page()
    answer = page.goto(server.url.replace("127.0.0.1", "rebound.example"))
    assert answer is not None and answer.status == 403
    read = "async (path) => { const answer = await fetch(path); return [answer.status, await answer.text()]; }"
    for path in ("/v1/words", "/v1/topics", "/openapi.json"):
        status, text = page.evaluate(read, path)
        assert status == 403 and "Apple" not in text and "forbidden" in text
    status, _ = page.evaluate(read, "/healthz")
    assert status == 200


def test_a_name_that_is_listed_shows_the_page_which_warns_of_plain_http_and_may_write(
    page: Page, store: Path, expected: list[str]
):
    expected.append("Cross-Origin-Opener-Policy header has been ignored")  # there is none without TLS
    with serve("--data", store, env={**os.environ, "TOPICDEX_ALLOWED_HOSTS": f"other.example, {NAMED}"}) as server:
        server.ready()
        page.goto(server.url.replace("127.0.0.1", NAMED))
        expect(page.locator("#notices")).to_contain_text(WARNING)
        expect(page.get_by_role("banner")).to_contain_text("12 topics")
        page.evaluate(
            """import("/static/js/api.js").then(({ post }) => post("topics", { topics: [{ name: "New" }] }))"""
        )
        expect(page.get_by_role("banner")).to_contain_text("13 topics")
        for own in ("127.0.0.1", "localhost", "any.localhost"):
            page.goto(server.url.replace("127.0.0.1", own))
            expect(page.get_by_role("banner")).to_contain_text("13 topics")
            expect(page.locator("#notices")).not_to_contain_text(WARNING)
