"""The view "Operations": what is stored, files that are dropped, the doctor, and the words."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from indexer import Settings
from indexer.embedders.spending import Payment
from indexer.store.store import Store
from scripts.processes import Server, serving
from tests.page.conftest import assert_accessible

JOB = {"progress": 0, "created": "2026-01-01T00:00:00Z", "seconds": None, "error": None}


def card(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def visit(page: Page, server: Server, query: str = "") -> None:
    page.goto(f"{server.url}/#/operations{query}")
    expect(card(page, "Words").get_by_role("status")).to_contain_text("word")


def drop(page: Page, **files: str) -> None:
    """Drop files, by name, with "_" in place of the last dot."""
    named = {".".join(name.rsplit("_", 1)): content for name, content in files.items()}
    dropped = page.evaluate_handle(
        """files => {
            const dropped = new DataTransfer();
            for (const [name, content] of Object.entries(files)) dropped.items.add(new File([content], name));
            return dropped;
        }""",
        named,
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})


def texts(page: Page) -> Locator:
    return card(page, "Words").locator("tbody th")


def test_what_is_stored_is_told(page: Page, server: Server):
    visit(page, server)
    stored = card(page, "Stored").locator("dl")
    expect(stored).to_contain_text("Words300, ")
    for told in (
        "StateReady",
        "Topics12",
        "ThresholdsScore none, margin none.",
        "MiniLM-L6-v2, 384 dimensions",
        "Version",
    ):
        expect(stored).to_contain_text(told)
    stored.get_by_role("link", name="Change").click()
    expect(page.locator("h1")).to_have_text("Evidence")


@pytest.fixture
def paid(store: Path) -> None:
    """Let the store have paid for words to the latest today, and for lookups without a known price."""
    now = datetime.now(UTC)
    opened = Store.open(Settings(data=store))
    model, started = "openai:text-embedding-3-small", now.isoformat(timespec="seconds")
    opened.costs.write([Payment(now.date().isoformat(), "a", model, True, started, 1_234, 0.00002468)])
    opened.costs.write([Payment("2025-01-31", "b", model, False, started, 10**8, 2.0, 7)])
    opened.close()


def test_what_was_paid_is_told(page: Page, paid: None, store: Path):
    with serving("--data", store) as server:
        visit(page, server)
        expect(card(page, "Stored").locator("dl")).to_contain_text(
            "PaidToday USD 0.000025 (1,234 tokens), this month USD 0.000025 (1,234 tokens), "
            "in all USD 2.00 (100,001,234 tokens). Of 7 tokens no price is known. Prices of 2026-11; prices change."
        )


def test_files_that_are_dropped_are_indexed_and_listed(page: Page, server: Server):
    visit(page, server)
    drop(page, new_csv="text,kind\nZwieback,food\n,food\nZiggurat,house\n", more_txt="Zymurgy\n")
    jobs = card(page, "Index files").locator(".jobs")
    expect(jobs.get_by_text("new.csv done")).to_be_visible()
    expect(jobs.get_by_text("2 added, 0 updated, 0 unchanged, 1 skipped of 3 rows; 2 texts embedded.")).to_be_visible()
    expect(jobs.get_by_role("listitem")).to_have_text(re.compile(r"^1: .*(blank|empty|no text)"))
    expect(jobs.get_by_text("more.txt done")).to_be_visible()
    expect(card(page, "Stored").locator("dl")).to_contain_text("Words303, ")
    card(page, "Words").get_by_role("searchbox").fill("z")
    for text in ("Zwieback", "Ziggurat", "Zymurgy"):
        expect(texts(page).get_by_text(text, exact=True)).to_be_visible()
    page.reload()
    expect(jobs.get_by_text("new.csv done")).to_be_visible()


def test_a_broken_file_says_where(page: Page, server: Server):
    visit(page, server)
    drop(page, broken_jsonl='{"text": "fine"}\n{"text": \n')
    failed = card(page, "Index files").locator(".jobs > div")
    expect(failed).to_contain_text("broken.jsonl failed")
    expect(failed).to_contain_text("line 2")
    expect(card(page, "Stored").locator("dl")).to_contain_text("Words300, ")


def test_an_import_shows_its_progress_and_is_cancelled(page: Page, server: Server):
    visit(page, server)
    drop(page, large_txt="\n".join(f"a text with the number {i}" for i in range(20_000)))
    jobs = card(page, "Index files").locator(".jobs")
    expect(jobs.get_by_role("progressbar", name="large.txt")).to_be_visible()
    jobs.get_by_role("button", name="Cancel").click()
    expect(jobs.get_by_text("large.txt cancelled")).to_be_visible()


def test_the_doctor_finds_nothing_in_a_sound_store(page: Page, server: Server):
    visit(page, server)
    doctor = card(page, "Doctor")
    doctor.get_by_role("button", name="Check the store").click()
    expect(doctor.get_by_text("All is well: 300 words checked.")).to_be_visible()


def test_what_the_doctor_finds_is_told_in_words_with_words_to_look_at(page: Page, server: Server):
    id = json.load(urlopen(f"{server.url}/v1/words?contains=Mango"))["words"][0]["id"]
    findings = [{"fault": "lost", "message": "words that no search finds; repair", "count": 2, "examples": [id]}]
    check = {"id": "1", **JOB, "status": "done", "seconds": 1.0, "words": 300, "healthy": False, "findings": findings}
    page.route("**/v1/doctor", lambda route: route.fulfill(json={"doctor": [check]}))
    visit(page, server)
    found = card(page, "Doctor").get_by_role("listitem")
    expect(found).to_contain_text("2: words that no search finds; repair")
    found.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_contain_text("Mango")


def test_words_are_paged_through_and_the_address_says_where(page: Page, server: Server):
    visit(page, server)
    words = card(page, "Words")
    expect(words.get_by_role("status")).to_have_text("300 words")
    expect(texts(page)).to_have_count(50)
    first = texts(page).first.inner_text()
    expect(words.get_by_role("button", name="First page")).to_be_disabled()
    words.get_by_role("button", name="Next page").click()
    expect(texts(page).first).not_to_have_text(first)
    second = texts(page).first.inner_text()
    page.reload()
    expect(texts(page).first).to_have_text(second)
    words.get_by_role("button", name="Next page").click()
    expect(texts(page).first).not_to_have_text(second)
    words.get_by_role("button", name="Previous page").click()
    expect(texts(page).first).to_have_text(second)
    words.get_by_role("button", name="First page").click()
    expect(texts(page).first).to_have_text(first)


def test_words_are_searched_and_the_address_keeps_it(page: Page, server: Server):
    visit(page, server)
    words = card(page, "Words")
    words.get_by_role("searchbox", name="Search in the texts").press_sequentially("MANGO")
    expect(texts(page)).to_have_text(["Mango"])
    expect(words.get_by_role("status")).to_have_text("1 word with MANGO")
    expect(page).to_have_url(re.compile("contains=MANGO"))
    page.reload()
    expect(texts(page)).to_have_text(["Mango"])
    words.get_by_role("searchbox").fill("mangos")
    expect(words.get_by_text("No text contains this.")).to_be_visible()


def test_one_word_is_looked_at_and_deleted_after_a_question(page: Page, server: Server):
    body = json.dumps({"words": [{"text": "Yuzu", "id": "y/1", "metadata": {"id": "mine", "ripe": True, "n": 3}}]})
    urlopen(Request(f"{server.url}/v1/words", body.encode(), {"Content-Type": "application/json"}))
    visit(page, server, "?contains=yuzu")
    card(page, "Words").get_by_role("button", name="y/1").click()
    word = page.get_by_role("dialog", name="A stored word")
    for told in ("Yuzu", "y/1", "idmine", "ripetrue", "n3"):
        expect(word).to_contain_text(told)
    expect(page).to_have_url(re.compile("word=y%2F1"))
    page.reload()
    word.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete 1 word?")
    expect(question).to_contain_text("Yuzu")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 word deleted.")).to_be_visible()
    expect(card(page, "Words").get_by_text("No text contains this.")).to_be_visible()
    expect(card(page, "Stored").locator("dl")).to_contain_text("Words300, ")
    expect(page).not_to_have_url(re.compile("word="))


def test_a_word_is_opened_and_closed_by_the_keyboard(page: Page, server: Server):
    visit(page, server, "?contains=mango")
    opens = card(page, "Words").locator("tbody button")
    opens.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Mango")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("word="))
    expect(opens).to_be_focused()


def test_words_that_are_ticked_are_deleted_and_not_where_the_question_is_answered_no(page: Page, server: Server):
    visit(page, server)
    gone = [texts(page).nth(i).inner_text() for i in (0, 2)]
    for text in gone:
        page.get_by_role("checkbox", name=text, exact=True).check()
    ask = card(page, "Words").get_by_role("button", name="Delete 2 words")
    ask.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(card(page, "Words").get_by_role("status")).to_have_text("300 words")
    ask.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card(page, "Words").get_by_role("status")).to_have_text("298 words")
    for text in gone:
        expect(texts(page).get_by_text(text, exact=True)).to_have_count(0)
    expect(card(page, "Words").get_by_role("button", name="Delete")).to_have_count(0)


def test_axe_finds_nothing_with_jobs_and_a_word_that_is_open(page: Page, server: Server):
    visit(page, server)
    drop(page, new_csv="text\nZwieback\n\n")
    card(page, "Doctor").get_by_role("button", name="Check the store").click()
    expect(page.get_by_text("done")).to_have_count(2)
    assert_accessible(page)
    card(page, "Words").locator("tbody button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)


def test_nothing_is_wider_than_a_telephone(page: Page, server: Server):
    page.set_viewport_size({"width": 390, "height": 800})
    visit(page, server)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
