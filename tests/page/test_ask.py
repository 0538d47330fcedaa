"""The view "Ask" as people use it: from their first visit to what changes by an example."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from scripts.processes import TOPICDEX, Server, serving, wait_until
from tests.page.conftest import assert_accessible

AWKWARD = "it's \"quoted\" $HOME `id` !! \\ \n second line \t J\u00e4ger \U0001f468\u200d\U0001f33e \u202e \u2028 'JSON'\nJSON"
REFUSED = "Failed to load resource"  # how browsers report an answer that is an error


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    """A server on a store with nothing in it."""
    with serving("--data", tmp_path / "empty") as server:
        yield server


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Texts, one a line")


def verdict(page: Page) -> Locator:
    return page.locator(".ask-verdict")


def opened(page: Page, server: Server, *texts: str, **state: str) -> None:
    query = "&".join([f"text={quote(text, safe='')}" for text in texts] + [f"{n}={v}" for n, v in state.items()])
    page.goto(f"{server.url}/#/ask?{query}")


def example_of(page: Page, topic: str) -> None:
    page.get_by_label("This text is an example of").select_option(topic)


def test_the_first_visit_to_the_example_leads_to_an_answer_by_one_click(page: Page, server: Server):
    page.goto(server.url)
    expect(page.get_by_role("heading", name="12 topics can be the answer")).to_be_visible()
    expect(field(page)).to_be_focused()
    assert_accessible(page)
    page.get_by_role("group", name="Examples").get_by_role("button").first.click()
    expect(verdict(page)).to_have_text("Sport")
    expect(field(page)).to_have_value("Golf")
    page.go_back()
    expect(page.get_by_role("heading", name="12 topics can be the answer")).to_be_visible()
    page.get_by_role("button", name="All 6 at once").click()
    expect(page.locator("tbody tr")).to_have_count(6)


def test_the_first_visit_to_an_empty_store_says_what_to_do(page: Page, empty: Server):
    page.goto(empty.url)
    expect(page.get_by_role("heading", name="No topics yet")).to_be_visible()
    expect(page.locator("main").get_by_role("link", name="Topics")).to_have_attribute("href", "#/topics")
    expect(page.locator("main").get_by_role("link", name="Operations")).to_have_attribute("href", "#/operations")
    assert_accessible(page)
    page.get_by_role("button", name="All 3 at once").click()
    page.get_by_role("button", name="Texts by texts").click()
    expect(page.locator("table.heat tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Texts by topics").click()
    expect(page.get_by_text("No topics yet: set some")).to_be_visible()
    field(page).fill("Mango")
    field(page).press("Enter")
    expect(verdict(page)).to_have_text("No topics yet")
    expect(page.get_by_text("No words are stored yet")).to_be_visible()
    expect(page.get_by_text("There is no clustering yet")).to_be_visible()
    assert_accessible(page)


def test_an_answer_says_which_topic_how_sure_and_why(page: Page, server: Server):
    server.wait_until_warm()
    clustering = server.client.cluster(k=12)
    server.client.call("PUT", "/v1/thresholds", {"score": 0.33, "topics": {"Country": 0.4}})
    opened(page, server, "Mango")
    answer = server.client.call("GET", "/v1/topics/nearest", text="Mango", k=1000)
    expect(verdict(page)).to_have_text("Fruit")
    expect(page.locator(".ask-facts")).to_contain_text(
        f"Score {answer['score']:.2f}, {answer['margin']:.2f} ahead of Country"
    )
    expect(page.locator(".ask-facts")).to_contain_text("Nearest given text: Fruit (its name, 0.67)")
    bars = page.get_by_role("list", name="Topics, best first").get_by_role("listitem")
    expect(bars).to_have_count(10)
    expect(bars.locator(".line")).to_have_count(10)
    expect(bars.nth(0).locator(".line")).to_have_attribute("title", "threshold 0.33")
    expect(bars.nth(1).locator(".line")).to_have_attribute("title", "threshold 0.40")
    page.get_by_role("button", name="Show all 12").click()
    assert [bars.nth(i).locator("bdi").inner_text() for i in range(12)] == [m["topic"] for m in answer["matches"]]
    near = server.client.call("GET", "/v1/words/nearest", text="Mango", k=10)["matches"]
    assert page.locator(".ask-near bdi").all_inner_texts() == [word["text"] for word in near]
    names = {cluster["name"] for cluster in clustering["clusters"]}
    assert page.locator("main a[href='#/clusters']").inner_text() in names
    expect(page.get_by_text("Topics as they were described, sentence-transformers/all-MiniLM-L6-v2")).to_be_visible()
    assert_accessible(page)


def test_the_percentile_and_a_text_that_was_cut_are_said_in_words(page: Page, server: Server):
    def percentile(text: str) -> float | None:
        found: float | None = server.client.call("GET", "/v1/topics/nearest", text=text)["percentile"]
        return found

    wait_until(lambda: percentile("Jaguar") is not None, "the null scores were not measured")
    opened(page, server, "Jaguar")
    share = int(percentile("Jaguar") or 0)
    facts = page.locator(".ask-facts")
    expect(facts).to_contain_text(f"Higher than {share} % of stored words score with a topic that is not theirs")
    expect(facts).not_to_contain_text("only its beginning counts")
    field(page).fill("whale " * 600)
    field(page).press("Enter")
    expect(facts).to_contain_text("only its beginning counts")
    expect(page.get_by_text("Too long for the address")).to_be_visible()


def test_none_and_ambiguous_say_by_which_number(page: Page, server: Server):
    server.client.call("PUT", "/v1/thresholds", {"score": 0.33, "margin": 0.05})
    opened(page, server, "xyzzy")
    expect(verdict(page)).to_have_text("None of these: 0.22 is below 0.33")
    expect(page.get_by_role("status").filter(has_text="None of these")).to_have_count(1)
    assert_accessible(page)
    field(page).fill("Kiwi")
    field(page).press("Enter")
    expect(verdict(page)).to_have_text("Ambiguous: Country and Fruit are 0.00 apart, 0.05 is asked")
    score = server.client.call("GET", "/v1/topics/nearest", text="xyzzy")["score"]
    server.client.call("PUT", "/v1/thresholds", {"score": score + 0.0013})
    opened(page, server, "xyzzy")
    expect(verdict(page)).to_have_text(f"None of these: {score:.3f} is below {score + 0.0013:.3f}")


def test_several_texts_are_a_table_and_two_heat_maps(page: Page, server: Server):
    page.goto(server.url)
    texts = ["Mango", "Paris", "Apple pie", "Toyota"]
    field(page).fill("Mango\n\n  \nParis\nApple pie\r\nToyota\n")
    expect(page.get_by_text("4 texts. Ctrl+Enter asks.")).to_be_visible()
    field(page).press("Control+Enter")
    answers = server.client.call("POST", "/v1/topics/nearest", {"texts": texts, "k": 1000})["results"]
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(4)
    for i, answer in enumerate(answers):
        expected = f"{answer['text']}{answer['topic']}{answer['score']:.2f}{answer['margin']:.2f}"
        expect(rows.nth(i)).to_have_text(expected)
    assert_accessible(page)
    page.get_by_role("button", name="Texts by topics").click()
    for i, answer in enumerate(answers):
        expect(rows.nth(i).locator("td.best")).to_have_text(f"{answer['score']:.2f}")
    expect(page.locator("thead th")).to_have_count(13)
    assert_accessible(page)
    page.get_by_role("button", name="Texts by texts").click()
    expect(page.locator("thead th")).to_have_text(["Text", *texts])
    similarity = server.client.call("POST", "/v1/similarity", {"rows": texts})["matrix"]
    cells = [row.split("\t")[1:] for row in rows.all_inner_texts()]
    assert cells == [[f"{value:.2f}".replace("-", "\u2212") for value in row] for row in similarity]
    expect(rows.nth(0).locator("td.best")).to_have_text(cells[0][2])
    page.reload()
    expect(page.locator("thead th")).to_have_text(["Text", *texts])
    expect(field(page)).to_have_value("\n".join(texts))
    page.get_by_role("button", name="Table").click()
    page.get_by_role("link", name="Paris").click()
    expect(verdict(page)).to_have_text("Country")


def test_a_thousand_texts_come_in_pages_and_more_are_refused(page: Page, server: Server):
    page.goto(server.url)
    texts = [f"text {i}" for i in range(1000)]
    field(page).fill("\n".join([*texts, "one more"]))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("1,001 texts are too many: 1,000 at most")).to_be_visible()
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    assert page.locator("tbody tr").count() == 0
    field(page).fill("\n".join(texts))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Rows 1\u201350 of 1,000")).to_be_visible(timeout=60_000)
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_text("too long for the address")).to_be_visible()
    assert page.url.endswith("#/ask")
    page.get_by_role("button", name="Rows: Next").click()
    expect(page.locator("tbody tr").first).to_contain_text("text 50")
    page.get_by_role("button", name="Texts by texts").click()
    page.get_by_role("button", name="Columns: Next").click()
    expect(page.locator("thead th").nth(1)).to_have_text("text 25")
    page.get_by_role("button", name="Columns: Next").click()
    expect(page.locator("thead th").nth(1)).to_have_text("text 50")
    expect(page.locator("tbody th").first).to_have_text("text 50")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator("tbody tr").first.locator("td").first).to_have_text("1.00")
    assert_accessible(page)


def test_the_address_holds_any_text(page: Page, server: Server, context: BrowserContext):
    opened(page, server, AWKWARD)
    expect(page.locator(".ask-text")).to_have_text(AWKWARD, use_inner_text=False)
    field(page).fill("50% a&b=c #1 + \u00e4")
    field(page).press("Enter")
    expect(page.locator(".ask-text")).to_have_text("50% a&b=c #1 + \u00e4")
    with context.expect_page():
        page.evaluate("open(location.href)")
    other = context.pages[-1]
    expect(other.locator(".ask-text")).to_have_text("50% a&b=c #1 + \u00e4")
    other.close()


def test_all_of_it_goes_by_keyboard(page: Page, server: Server):
    page.goto(server.url)
    expect(field(page)).to_be_focused()
    page.keyboard.type("Mango")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Kiwi")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    for _ in range(3):  # past the button to the second of the three ways to show them
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("table.heat")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Table").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kiwi").focus()
    page.keyboard.press("Enter")
    expect(verdict(page)).to_have_text("Country")
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    page.get_by_label("This text is an example of").focus()
    page.keyboard.type("Fruit")
    page.get_by_role("button", name="Add it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken out of Fruit.")).to_be_visible()


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_copy_as_curl_asks_the_same_in_a_shell(page: Page, server: Server, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied() -> str:
        page.get_by_role("button", name="Copy as curl").click()
        expect(page.get_by_text("Copied: paste it into a shell.").last).to_be_visible()
        return str(page.evaluate("navigator.clipboard.readText()"))

    for texts, state, path, body in [
        ([AWKWARD], {}, "topics/nearest", {"texts": [AWKWARD], "k": 1000}),
        (["it's", "\u00e4"], {}, "topics/nearest", {"texts": ["it's", "\u00e4"], "k": 1000}),
        (
            ["it's", "\u00e4"],
            {"show": "texts"},
            "similarity",
            {"rows": ["it's", "\u00e4"], "columns": ["it's", "\u00e4"]},
        ),
    ]:
        opened(page, server, *texts, **state)
        command = copied()
        assert "\u202e" not in command and "\u2028" not in command
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)
        assert json.loads(ran.stdout) == server.client.call("POST", f"/v1/{path}", body)


def test_copy_as_curl_names_the_key_by_its_variable(store: Path, page: Page, expected: list[str]):
    expected.append(REFUSED)
    key = "a secret 'key'"
    with serving("--data", store, env=environment(key)) as server:
        server.client.headers["Authorization"] = f"Bearer {key}"
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")  # as without HTTPS
        opened(page, server, "Mango")
        page.get_by_role("textbox", name="Key").fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect(verdict(page)).to_have_text("Fruit")
        page.get_by_role("button", name="Copy as curl").click()
        command = page.get_by_role("textbox", name="Command").input_value()
        assert '"Authorization: Bearer $TOPICDEX_API_KEY"' in command and "secret" not in command
        assert_accessible(page)
        run = ["bash", "-c", command]
        ran = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60, env=environment(key))
        assert json.loads(ran.stdout)["results"][0]["topic"] == "Fruit"


def environment(key: str) -> dict[str, str]:
    return {**os.environ, "TOPICDEX_API_KEY": key}


def test_an_example_is_previewed_added_and_taken_back(page: Page, server: Server):
    opened(page, server, "Kiwi")
    expect(verdict(page)).to_have_text("Country")
    example_of(page, "Fruit")
    expect(page.get_by_text("This text would be: Fruit")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^(\d+ of 300 stored words|No stored word) would move\.$"))).to_be_visible()
    assert examples(server, "Fruit") == ["Tangerine", "Blackberry"]  # looking changes nothing
    assert_accessible(page)
    page.get_by_role("button", name="Add it").click()
    expect(verdict(page)).to_have_text("Fruit")
    assert examples(server, "Fruit") == ["Tangerine", "Blackberry", "Kiwi"]
    example_of(page, "Country")
    example_of(page, "Fruit")
    expect(page.get_by_text("It is an example of Fruit.")).to_be_visible()
    page.reload()
    example_of(page, "Animal")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken out of Animal.")).to_be_visible()
    assert examples(server, "Animal") == []
    expect(verdict(page)).to_have_text("Fruit")


def test_somebody_who_was_quicker_loses_nothing(page: Page, server: Server, expected: list[str]):
    expected.append(REFUSED)
    opened(page, server, "Kiwi")
    example_of(page, "Fruit")
    expect(page.get_by_role("button", name="Add it")).to_be_visible()
    theirs = {"name": "Fruit", "description": "Sweet", "examples": ["Durian"]}
    server.client.call("POST", "/v1/topics", {"topics": [theirs]})
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Somebody else changed this topic meanwhile.")).to_be_visible()
    assert examples(server, "Fruit") == ["Durian"]
    assert_accessible(page)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Added to Fruit.")).to_be_visible()
    assert examples(server, "Fruit") == ["Durian", "Kiwi"]


def examples(server: Server, name: str) -> list[str]:
    topics = server.client.call("GET", "/v1/topics")["topics"]
    return next(topic["examples"] for topic in topics if topic["name"] == name)


def test_an_answer_that_comes_late_never_replaces_a_newer_one(page: Page, server: Server):
    held: list[Route] = []
    first: Callable[[Route], None] = lambda route: held.append(route)  # noqa: E731
    page.route("**/v1/topics/nearest", first, times=1)
    opened(page, server, "Mango")
    expect(page.get_by_text("Asking\u2026")).to_be_visible()
    field(page).fill("Paris")
    field(page).press("Enter")
    expect(verdict(page)).to_have_text("Country")
    assert len(held) == 1
    body = server.client.call("POST", "/v1/topics/nearest", {"texts": ["Mango"], "k": 1000})
    held[0].fulfill(json=body)
    page.evaluate("fetch('healthz').then((answer) => answer.text()).then(() => new Promise(requestAnimationFrame))")
    expect(verdict(page)).to_have_text("Country")
    expect(page.get_by_text("Asking\u2026")).to_have_count(0)


def test_a_question_outlives_its_server(page: Page, store: Path, expected: list[str]):
    expected += [REFUSED, "net::ERR"]
    with serving("--data", store) as server:
        port = server.url.rsplit(":", 1)[1]
        opened(page, server, "Mango")
        expect(verdict(page)).to_have_text("Fruit")
        server.process.send_signal(signal.SIGSTOP)  # so that it dies while it owes an answer
        field(page).fill("Paris")
        field(page).press("Enter")
        expect(page.get_by_text("Asking\u2026")).to_be_visible()
        server.end(signal.SIGKILL)
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    expect(page.get_by_text("Asking\u2026")).to_be_visible()
    assert_accessible(page)
    with Server([*TOPICDEX, "serve", "--port", port, "--data", str(store)]):
        expect(verdict(page)).to_have_text("Country", timeout=60_000)
        expect(page.get_by_text("The server does not answer.")).to_have_count(0)


def test_nothing_runs_out_of_a_small_screen(page: Page, server: Server):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server, "Mango")
    expect(page.locator(".ask-near li")).to_have_count(10)
    assert_no_sideways(page)
    for show in ("table", "topics", "texts"):
        opened(page, server, "Mango", "w" * 300, "Paris", show=show)
        expect(page.locator("tbody tr")).to_have_count(3)
        assert_no_sideways(page)


def assert_no_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
