"""Texts that mean harm, asked, stored and given as names of topics: shown as what they are, and nothing more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.processes import Server, serving
from tests.page.conftest import assert_accessible

KINDS = (
    "<script>window.harm={i}</script>",
    '<img src=x onerror="window.harm={i}">',
    '"><svg onload=alert({i})>',
    "'-alert({i})-'",
    "javascript:alert({i})",
    "</bdi></li></ul></main><h1>{i}",
    "</textarea><script>alert({i})</script>",
    "${{window.harm={i}}}",
    "{{{{constructor.constructor('alert({i})')()}}}}",
    "\u202e{i} backwards",
    "\u2067{i} an isolate that nobody closes",
    "\u2066\u2068\u202b\u202d{i}",
    "\u0645\u0631\u062d\u0628\u0627 {i} \u05e9\u05dc\u05d5\u05dd (",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 {i} \U0001f3f3\ufe0f\u200d\U0001f308",
    "{i}\x00nul\x00",
    "\u0301{i}",
    "Z" + "\u0301\u0335\u0489" * 20 + "{i}",
    "w" * 300 + "{i}",
    "\u754c" * 20 + "{i}",
    "__proto__{i}",
    "\ufeff{i}\u200b\u200d",
    "\t{i}\x1b[31m\x7f\x9b",
    "'; DROP TABLE words; -- {i}",
    "%00%2e%2e/{i}?a=b&c=d#e",
    "&lt;b&gt;{i}&amp;amp;",
    "\u2028{i}\u2029",
    "{i}" + "\ufdfd" * 5,
)
LONG = "<b>long " * 12_800  # 100 KB
TEXTS = [LONG, *(KINDS[i % len(KINDS)].format(i=i) for i in range(999))]
NAMES = ["__proto__", "constructor", "toString", "2024", "7", *(kind.format(i=0) for kind in KINDS)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose words and topics mean harm, to be copied."""
    folder = tmp_path_factory.mktemp("hostile") / "store"
    with serving("--data", folder) as server:
        server.client.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in NAMES]})
        server.client.call("PUT", "/v1/thresholds", {"topics": {"__proto__": 0.5}})
        server.client.call("POST", "/v1/words", {"words": [{"text": text} for text in TEXTS]})
    return folder


@pytest.fixture
def hostile(page: Page, kept: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on such a store, and a page that notices harm."""
    harm: list[str] = []
    page.on("dialog", lambda dialog: (harm.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda _: harm.append("a window"))
    with serving("--data", shutil.copytree(kept, tmp_path / "store")) as server:
        yield server
    assert harm == []


def shown(page: Page, selector: str) -> list[str]:
    """Return the texts as they are in the document, not as they are drawn."""
    texts: list[str] = page.locator(selector).evaluate_all("all => all.map((one) => one.textContent)")
    return texts


def assert_whole(page: Page) -> None:
    """The page is as it was built: nothing ran, nothing was added, nothing pushes it sideways."""
    assert page.evaluate("window.harm") is None
    assert page.locator("script").count() == 1
    assert page.locator("main img, main svg, main b b, main h1 + h1").count() == 0
    assert page.locator("h1").all_inner_texts() == ["Ask"]
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_thousand_hostile_texts_are_asked_and_shown(page: Page, hostile: Server):
    page.goto(hostile.url)
    page.get_by_role("textbox").fill("\n".join(TEXTS))
    page.get_by_role("textbox").press("Control+Enter")
    for start in range(0, 1000, 50):
        expect(page.get_by_text(f"Rows {start + 1}\u2013{start + 50:,} of 1,000")).to_be_visible(timeout=120_000)
        assert shown(page, "tbody th bdi") == TEXTS[start : start + 50]
        if start < 950:
            page.get_by_role("button", name="Rows: Next").click()
    assert_whole(page)
    for _ in range(19):
        page.get_by_role("button", name="Rows: Back").click()
    page.get_by_role("button", name="Texts by topics").click()
    expect(page.locator("thead th")).to_have_count(26)
    assert shown(page, "thead th bdi") == NAMES[:25]
    page.get_by_role("button", name="Columns: Next").click()
    expect(page.locator("thead th")).to_have_count(len(NAMES) - 24)
    assert shown(page, "thead th bdi") == NAMES[25:]
    assert_whole(page)
    page.get_by_role("button", name="Texts by texts").click()
    expect(page.locator("thead th")).to_have_count(26)
    assert shown(page, "thead th bdi") == TEXTS[:25]
    assert_whole(page)
    assert_accessible(page)


def test_each_kind_is_an_answer_of_its_own(page: Page, hostile: Server):
    page.goto(hostile.url)
    for text in TEXTS[: len(KINDS) + 1]:
        page.get_by_role("textbox").fill(text)
        page.get_by_role("textbox").press("Enter")
        expect(page.locator(".ask-results")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator(".ask-near li")).to_have_count(10)
        assert shown(page, ".ask-text bdi") == [text]
        near = hostile.client.call("POST", "/v1/words/nearest", {"texts": [text], "k": 10})["results"][0]["matches"]
        assert shown(page, ".ask-near bdi") == [word["text"] for word in near]
        page.get_by_role("button", name=f"Show all {len(NAMES)}").click()
        assert sorted(shown(page, ".ask-bars bdi")) == sorted(NAMES)
        assert sorted(shown(page, "select option")) == sorted(["Choose a topic", *NAMES])
        assert_whole(page)
    assert_accessible(page)


def test_examples_of_the_first_visit_are_texts(page: Page, hostile: Server):
    page.goto(hostile.url)
    examples = page.get_by_role("group", name="Examples").get_by_role("button")
    expect(examples.first).to_be_visible()
    for number in range(examples.count() - 1):
        text = examples.nth(number).evaluate("button => button.textContent")
        assert text in TEXTS
        examples.nth(number).click()
        expect(page.locator(".ask-results")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator(".ask-near li")).to_have_count(10)
        assert shown(page, ".ask-text bdi") == [text]
        page.go_back()
        expect(examples.first).to_be_visible()
    assert_whole(page)
