"""The key in the browser: asked for in a dialog, kept where nobody reads it, sent as a header and nowhere else."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from scripts.processes import Server, serve, wait_until
from tests.page.conftest import assert_accessible

KEY = "sésame-ключ 1"
HEADER = f"Bearer {KEY}".encode().decode("latin-1")
REFUSED = "the server responded with a status of 401"


@pytest.fixture
def server(store: Path) -> Iterator[Server]:
    with serve("--data", store, env={**os.environ, "TOPICDEX_API_KEY": KEY}) as server:
        server.ready()
        yield server


@pytest.fixture
def requests(page: Page) -> list[Request]:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    return requests


@pytest.fixture
def enter(page: Page) -> Callable[..., None]:
    def enter(key: str, *, keep: bool = False) -> None:
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_label("Keep it until this tab is closed").set_checked(keep)
        page.get_by_role("button", name="Use this key").click()

    return enter


def kept(page: Page) -> list[str]:
    return page.evaluate("[...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie]")


def holds_the_key(texts: list[str]) -> list[str]:
    return [text for text in texts if "same-" in text or "%D0%BA%D0%BB" in text]


def test_a_wrong_key_is_said_and_the_right_one_shows_what_is_stored(
    page: Page, server: Server, requests: list[Request], enter: Callable[..., None], expected: list[str]
):
    expected.append(REFUSED)
    page.goto(server.url)
    dialog = page.get_by_role("dialog", name="This server wants a key")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    expect(page.get_by_label("Key", exact=True)).to_have_attribute("type", "password")
    assert_accessible(page)
    enter("wrong")
    expect(page.get_by_role("dialog", name="This key is not the server's")).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    enter(KEY)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("banner")).to_contain_text("300 words, 12 topics")

    assert {request.headers.get("authorization") for request in requests if "/v1/" in request.url} >= {None, HEADER}
    outside = [request for request in requests if "/v1/" not in request.url]
    assert outside and not [request for request in outside if "authorization" in request.headers]
    assert holds_the_key([request.url for request in requests] + [page.url, page.content()]) == []
    assert holds_the_key(kept(page)) == []
    assert holds_the_key(server.said) == []

    page.reload()  # it was in memory alone
    expect(dialog).to_be_visible()


def test_the_key_is_kept_for_the_tab_where_the_user_says_so_and_forgotten_on_demand(
    page: Page, server: Server, enter: Callable[..., None], expected: list[str]
):
    expected.append(REFUSED)
    page.goto(server.url)
    enter(KEY, keep=True)
    expect(page.get_by_role("banner")).to_contain_text("300 words")
    assert page.evaluate("Object.values(sessionStorage)") == [KEY]
    assert holds_the_key(page.evaluate("Object.values(localStorage)")) == []
    page.reload()
    expect(page.get_by_role("banner")).to_contain_text("300 words")
    expect(page.get_by_role("dialog")).to_have_count(0)

    other = page.context.new_page()  # another tab
    other.goto(server.url)
    expect(other.get_by_role("dialog")).to_be_visible()
    other.close()

    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("dialog", name="This server wants a key")).to_be_visible()
    assert kept(page) == [""]


def test_who_gives_no_key_can_do_so_later(page: Page, server: Server, enter: Callable[..., None], expected: list[str]):
    expected.append(REFUSED)
    page.goto(server.url)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Enter the key").click()
    enter(KEY)
    expect(page.get_by_role("banner")).to_contain_text("300 words")


def test_calls_that_wait_for_the_key_are_all_made_again_with_it_and_ask_once(
    page: Page, server: Server, requests: list[Request], enter: Callable[..., None], expected: list[str]
):
    """One answer 401 is held back until the key is there: it must not ask again, nor say that the key is wrong."""
    expected.append(REFUSED)
    held = []

    def hold(route):
        if "authorization" in route.request.headers:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/topics/background", hold)  # no view that is shown here asks for it
    page.goto(server.url)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate(
        """() => { window.asked = import("/static/js/api.js").then(({ get }) => get("topics/background")); return null; }"""
    )
    wait_until(lambda: bool(held) or page.wait_for_timeout(20), "no call was made")
    enter(KEY)
    expect(page.get_by_role("banner")).to_contain_text("300 words")
    held[0].continue_()
    assert page.evaluate("window.asked.then(({ rows }) => rows)") == 300
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_change_shows_in_the_header(page: Page, server: Server, enter: Callable[..., None], expected: list[str]):
    expected.append(REFUSED)
    page.goto(server.url)
    enter(KEY)
    expect(page.get_by_role("banner")).to_contain_text("12 topics")
    page.evaluate(
        """import("/static/js/api.js").then(({ post }) => post("topics", { topics: [{ name: "A new topic" }] }))"""
    )
    expect(page.get_by_role("banner")).to_contain_text("13 topics")
