"""The view "Topics": edited, seen before it is saved, grown on the corpus, by everybody and with any name."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from scripts.processes import Server
from tests.page.conftest import assert_accessible

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd",
    "a/b?c#d%2F&e=f",
    "👩‍👩‍👧‍👦 'quoted' \"twice\"",
    "nearest",
    "x" * 2000,
)


@pytest.fixture
def topics(page: Page, server: Server) -> Page:
    """The page, which has not been anywhere; the model is loaded."""
    server.ready()
    return page


def show(page: Page, server: Server, name: str | None = None) -> None:
    page.goto(f"{server.url}/#/topics" + (f"?topic={quote(name, safe='')}" if name is not None else ""))


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def nearest(server: Server, text: str) -> str | None:
    topic: str | None = server.client.call("GET", "/v1/topics/nearest", text=text)["topic"]
    return topic


def test_the_list_says_how_many_words_each_topic_has(topics: Page, server: Server):
    show(topics, server)
    expect(row(topics, "Fruit").first).to_contain_text("What grows on trees")
    classified = server.client.get("/v1/topics/words", params={"topic": "Fruit"}).text.splitlines()
    expect(row(topics, "Fruit").first.locator(".bar .number")).to_have_text(str(len(classified)))
    expect(row(topics, "none of these").locator(".bar .number")).to_have_text("0")
    expect(topics.get_by_text("are the closest:")).to_be_visible()
    expect(topics.locator("table.heat tbody tr")).to_have_count(12)
    assert_accessible(topics)


def test_the_list_is_there_before_the_counts(topics: Page, server: Server):
    held: list[Route] = []
    topics.route("**/v1/topics/sizes", lambda route: held.append(route))
    show(topics, server)
    expect(row(topics, "Fruit").first).to_contain_text("…")
    expect(topics.locator(".bar")).to_have_count(0)
    while not held:
        topics.wait_for_timeout(10)
    held[0].fallback()
    expect(topics.locator(".bar")).to_have_count(13)


def test_topics_that_are_close_are_named(topics: Page, server: Server):
    server.client.call("POST", "/v1/topics", {"topics": [{"name": "Fruits", "description": "What grows on trees"}]})
    show(topics, server)
    expect(topics.get_by_text("Fruit and Fruits are hard to tell apart: 0.")).to_be_visible()


def test_a_changed_topic_changes_the_answer(topics: Page, server: Server):
    assert nearest(server, "Zorblax") != "Weather"
    show(topics, server, "Weather")
    expect(topics.locator("h1")).to_have_text("Weather")
    save = topics.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    topics.get_by_label("Examples, one a line").fill("Zorblax\n\n  Volvo  ")
    topics.get_by_role("button", name="See what changes").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_be_visible()
    expect(topics.get_by_text("of 300 would get another topic or none.")).to_be_visible()
    assert nearest(server, "Zorblax") != "Weather", "nothing is saved before it was seen"
    assert_accessible(topics)
    save.click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    expect(topics.get_by_label("Examples, one a line")).to_have_value("Zorblax\nVolvo")
    assert nearest(server, "Zorblax") == "Weather"


def test_what_is_typed_after_the_look_is_looked_at_again(topics: Page, server: Server):
    show(topics, server, "Weather")
    topics.get_by_label("Description").fill("Rain")
    topics.get_by_role("button", name="See what changes").click()
    expect(topics.get_by_role("button", name="Save")).to_be_focused()
    topics.get_by_label("Description").fill("Rain and wind")
    expect(topics.get_by_role("button", name="Save")).to_be_disabled()


def test_a_topic_gets_another_name_and_keeps_its_place(topics: Page, server: Server):
    show(topics, server, "Country")
    topics.get_by_label("Name").fill("Nation")
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.locator("h1")).to_have_text("Nation")
    assert topics.url.endswith("#/topics?topic=Nation")
    names = [topic["name"] for topic in server.client.call("GET", "/v1/topics")["topics"]]
    assert names[:3] == ["Fruit", "Nation", "Company"]


def test_a_new_topic(topics: Page, server: Server):
    show(topics, server)
    topics.get_by_role("link", name="Add a topic").click()
    topics.get_by_label("Name").fill("Metal")
    topics.get_by_label("Description").fill("Iron, copper, gold")
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.locator("h1")).to_have_text("Metal")
    assert nearest(server, "Zinc") == "Metal"


def test_a_name_that_is_taken_is_refused_and_nothing_typed_is_lost(topics: Page, server: Server, expected: list[str]):
    expected.append("422")
    topics.goto(f"{server.url}/#/topics?add=yes")
    topics.get_by_label("Name").fill("Fruit")
    topics.get_by_role("button", name="See what changes").click()
    expect(topics.get_by_role("alert")).to_contain_text("Fruit")
    expect(topics.get_by_label("Name")).to_have_value("Fruit")
    expect(topics.get_by_role("button", name="Save")).to_be_disabled()


def test_an_empty_set_begins_with_names(topics: Page, server: Server):
    for topic in server.client.call("GET", "/v1/topics")["topics"]:
        server.client.call("DELETE", f"/v1/topics/{topic['name']}")
    show(topics, server)
    topics.get_by_label("Paste names, one a line").fill("Tree\n\nRiver \nTree\n")
    assert_accessible(topics)
    topics.get_by_role("button", name="Make these the topics").click()
    expect(row(topics, "River").first).to_be_visible()
    assert [topic["name"] for topic in server.client.call("GET", "/v1/topics")["topics"]] == ["Tree", "River"]


def test_somebody_else_was_quicker(topics: Page, server: Server, browser: Browser, expected: list[str]):
    expected.append("412")
    show(topics, server, "Fruit")
    topics.get_by_label("Examples, one a line").fill("Tangerine\nPapaya")
    with browser.new_context() as context:
        other = context.new_page()
        show(other, server, "Fruit")
        other.get_by_label("Description").fill("Sweet things that grow")
        other.get_by_role("button", name="See what changes").click()
        other.get_by_role("button", name="Save").click()
        expect(other.get_by_role("heading", name="What changes by it")).to_have_count(0)
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.get_by_role("heading", name="Somebody else was quicker")).to_be_visible()
    expect(topics.locator("p").filter(has_text="Sweet things that grow")).to_be_visible()
    expect(topics.get_by_label("Examples, one a line")).to_have_value("Tangerine\nPapaya")
    expect(topics.get_by_label("Description")).to_have_value("Sweet things that grow")
    assert server.client.call("GET", "/v1/topics")["topics"][0]["examples"] == ["Tangerine", "Blackberry"]
    assert_accessible(topics)
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    assert server.client.call("GET", "/v1/topics")["topics"][0] == {
        "name": "Fruit",
        "description": "Sweet things that grow",
        "examples": ["Tangerine", "Papaya"],
    }


def test_deleting_says_what_is_lost(topics: Page, server: Server):
    show(topics, server, "Fruit")
    topics.get_by_role("button", name="Delete").click()
    dialog = topics.get_by_role("dialog", name="Delete Fruit?")
    expect(dialog).to_contain_text("Its description, 2 examples and its threshold are lost.")
    assert_accessible(topics)
    dialog.get_by_role("button", name="Cancel").click()
    assert server.client.call("GET", "/v1/info")["counts"]["topics"] == 12
    topics.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(topics.locator("h1")).to_have_text("Topics")
    expect(row(topics, "Country").first).to_be_visible()
    expect(row(topics, "Fruit")).to_have_count(0)
    assert server.client.call("GET", "/v1/info")["counts"]["topics"] == 11


def test_words_surest_and_least_sure_first(topics: Page, server: Server):
    show(topics, server, "Fruit")
    first = topics.locator("tbody tr").first
    expect(first.get_by_role("cell").nth(1)).to_have_text("0.40")
    surest = first.get_by_role("rowheader").inner_text()
    topics.get_by_label("Order").select_option("least sure first")
    expect(first.get_by_role("rowheader")).not_to_have_text(surest)
    assert topics.url.endswith("order=unsure")
    topics.reload()
    expect(topics.get_by_label("Order")).to_have_value("unsure")
    expect(first.get_by_role("rowheader")).not_to_have_text(surest)


def test_a_word_becomes_an_example_of_this_topic_or_of_another(topics: Page, server: Server):
    show(topics, server, "Fruit")
    topics.get_by_role("button", name="Add as an example: Mango").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_be_visible()
    expect(topics.get_by_label("Examples, one a line")).to_have_value("Tangerine\nBlackberry\nMango")
    topics.get_by_label("Examples of").select_option("Weather")
    topics.get_by_role("button", name="Add as an example: Peach").click()
    expect(topics.locator("h1")).to_have_text("Weather")
    expect(topics.get_by_label("Examples, one a line")).to_have_value("\nPeach")
    topics.get_by_role("button", name="Save").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    kept = {topic["name"]: topic["examples"] for topic in server.client.call("GET", "/v1/topics")["topics"]}
    assert kept["Weather"] == ["Peach"]
    assert kept["Fruit"] == ["Tangerine", "Blackberry"]


def test_an_example_of_two_lines_stays_as_it_is(topics: Page, server: Server):
    examples = ["Two\nlines", " spaces  "]
    server.client.call("POST", "/v1/topics", {"topics": [{"name": "Fruit", "examples": examples}]})
    show(topics, server, "Fruit")
    field = topics.get_by_label("Examples, one a line")
    expect(field).to_have_value("Two↵lines\nspaces")
    field.fill("Two↵lines\nspaces\nMango")
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    assert server.client.call("GET", "/v1/topics")["topics"][0]["examples"] == [*examples, "Mango"]


def test_topics_grow_are_looked_at_and_switched_on_and_off(topics: Page, server: Server):
    show(topics, server)
    expect(topics.get_by_text("Answers come from names, descriptions and examples")).to_be_visible()
    topics.get_by_role("button", name="Grow the topics").click()
    expect(topics.get_by_text("of 300 would get another topic.")).to_be_visible(timeout=20_000)
    expect(row(topics, "Fruit").first).to_contain_text("yes")
    assert nearest(server, "Van") == "Company"
    expect(topics.get_by_role("row").filter(has_text="Van").get_by_role("cell").nth(1)).to_have_text("Vehicle")
    assert_accessible(topics)
    topics.get_by_role("button", name="Switch on").click()
    expect(topics.get_by_text("21 words of 300 got another topic.")).to_be_visible()
    expect(topics.get_by_text("Answers come from topics as they grew on the corpus")).to_be_visible()
    assert nearest(server, "Van") == "Vehicle"
    assert_accessible(topics)
    show(topics, server, "Fruit")
    topics.get_by_label("Description").fill("Sweet")
    topics.get_by_role("button", name="See what changes").click()
    expect(topics.get_by_text("This switches them off.")).to_be_visible()
    topics.get_by_role("button", name="Delete").click()
    expect(topics.get_by_role("dialog")).to_contain_text("This switches them off.")
    topics.keyboard.press("Escape")
    expect(topics.get_by_role("dialog")).to_have_count(0)
    expect(topics.get_by_text("This switches them off.")).to_be_visible()
    topics.get_by_role("button", name="Switch off").click()
    expect(topics.get_by_text("Answers come from names, descriptions and examples")).to_be_visible()
    assert nearest(server, "Van") == "Company"


def test_growing_is_followed_after_a_reload_and_cancelled(topics: Page, server: Server):
    """The server has no slow growth to offer, so what it says of the run is held at the half of the way."""
    run = server.client.cluster(around="topics")
    going = run | {"status": "running", "progress": 0.5, "adaptation": None}
    topics.route("**/v1/clusterings", lambda route: route.fulfill(json={"clusterings": [going]}))
    topics.route(f"**/v1/clusterings/{run['id']}", lambda route: route.fulfill(json=going))
    show(topics, server)
    expect(topics.get_by_role("progressbar")).to_have_js_property("value", 0.5)
    expect(topics.get_by_role("button", name="Grow the topics")).to_be_disabled()
    cancelled: list[str] = []
    ended = going | {"status": "cancelled"}
    topics.route("**/v1/clusterings", lambda route: route.fulfill(json={"clusterings": [ended]}))

    def answer(route: Route) -> None:
        if route.request.method == "DELETE":
            cancelled.append(route.request.method)
            route.fulfill(status=204)
        else:
            route.fulfill(json=ended if cancelled else going)

    topics.route(f"**/v1/clusterings/{run['id']}", answer)
    topics.get_by_role("button", name="Cancel").click()
    expect(topics.get_by_text("Cancelled: nothing changed.")).to_be_visible()
    assert cancelled == ["DELETE"]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_a_text(name: str, topics: Page, server: Server):
    hostile = {"name": name, "description": name, "examples": [name]}
    server.client.call("PUT", "/v1/topics", {"topics": [hostile, {"name": "Fruit"}]})
    server.client.call("POST", "/v1/words", {"words": [{"text": name}]})
    show(topics, server)
    expect(topics.locator("tbody th bdi").first).to_have_text(name)
    topics.locator("tbody th a").first.click()
    expect(topics.locator("h1")).to_have_text(name)
    expect(topics.get_by_label("Name")).to_have_value(name)
    topics.get_by_role("button", name="Add as an example").first.wait_for()
    topics.get_by_label("Description").fill(f"{name} again")
    topics.get_by_role("button", name="See what changes").click()
    topics.get_by_role("button", name="Save").click()
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    kept = server.client.call("GET", "/v1/topics")["topics"][0]
    assert kept == {"name": name, "description": f"{name} again", "examples": [name]}
    assert topics.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_by_keyboard_alone(topics: Page, server: Server):
    show(topics, server)
    topics.get_by_role("link", name="Sport").focus()
    topics.keyboard.press("Enter")
    expect(topics.locator("h1")).to_have_text("Sport")
    topics.get_by_label("Name").focus()
    topics.keyboard.press("Tab")
    topics.keyboard.press("ControlOrMeta+A")
    topics.keyboard.type("Games and contests")
    topics.keyboard.press("Tab")
    topics.keyboard.type("Zorblax")
    topics.keyboard.press("Tab")
    topics.keyboard.press("Enter")
    expect(topics.get_by_role("button", name="Save")).to_be_focused()
    topics.keyboard.press("Enter")
    expect(topics.get_by_role("heading", name="What changes by it")).to_have_count(0)
    assert nearest(server, "Zorblax") == "Sport"
    expect(topics.locator("main")).to_be_focused()
