"""The frame of the page: views, addresses, themes, and a server that goes and comes back."""

import pytest
from playwright.sync_api import Page, expect

from scripts.processes import Server
from tests.page.conftest import assert_accessible

VIEWS = ("Ask", "Topics", "Clusters", "Map", "Evidence", "Operations")


def test_every_view_is_reached_by_its_name_and_by_its_address(page: Page, server: Server):
    page.goto(server.url)
    for view in VIEWS:
        page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
        expect(page.locator("h1")).to_have_text(view)
        expect(page).to_have_title(f"{view} · topicdex")
    page.goto(f"{server.url}/#/topics")
    expect(page.locator("h1")).to_have_text("Topics")
    expect(page.get_by_role("link", name="Topics", exact=True)).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(view: str, page: Page, server: Server):
    page.goto(f"{server.url}/#/{view.lower()}")
    expect(page.locator("h1")).to_have_text(view)
    assert_accessible(page)


def test_the_theme_stays_as_it_was_chosen(page: Page, server: Server):
    page.goto(server.url)
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Light")).to_be_visible()
