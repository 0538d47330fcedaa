"""The page of a comparison: one file that needs nothing else, runs nothing, and shows what was sent as text."""

import base64
import hashlib
import re

import pytest
from playwright.sync_api import sync_playwright

from indexer.comparison.comparing import compare
from indexer.comparison.page import page
from indexer.comparison.sample import sample_of
from indexer.errors import ModelUnavailable
from indexer.records import LabelledText
from tests.comparison.models import ROWS, Mistaken, candidate

HOSTILE = '<script>document.title = "owned"</script> country "5'
CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--no-first-run"],
}  # fmt: skip


@pytest.fixture(scope="module")
def html():
    rows = [*ROWS, LabelledText(f"{HOSTILE}5", "country")]
    broken = candidate("gone", ModelUnavailable("<b>there is none</b>"))
    candidates = [candidate("<i>right</i>"), candidate("mistaken", Mistaken()), broken]
    return page("Models <compared>", compare(sample_of(rows, 42), candidates))


def test_it_loads_nothing_and_runs_nothing(html):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert not re.search(r"<script|<link|<img|<iframe|\bon\w+=|style=|url\(|@import|https?:", html)


def test_what_was_sent_is_text(html):
    for text in ("&lt;script&gt;document.title", "&lt;i&gt;right&lt;/i&gt;", "&lt;b&gt;there is none", "Models &lt;"):
        assert text in html


def test_it_is_read_on_a_desk_and_on_a_telephone_by_day_and_by_night(html, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(html, "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        grounds, said = set(), []
        for width, scheme in ((1280, "light"), (390, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            tab.on("console", lambda message: said.append(message.text))
            tab.on("request", lambda request: said.append(request.url) if request.url != file.as_uri() else None)
            tab.goto(file.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            grounds.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
            pictures = tab.get_by_role("img").all()
            assert len(pictures) == 2 and all(p.bounding_box()["height"] > 100 for p in pictures)
            assert "similar from" in pictures[0].get_attribute("aria-label")
            assert tab.title() == "Models <compared>"
            assert tab.get_by_text("gone failed: <b>there is none</b>").count() == 1
            assert tab.locator("td.wrong").count() == 5 and tab.locator("td.wrong").first.inner_text() == "fruit (!)"
        browser.close()
    assert not said and len(grounds) == 2
