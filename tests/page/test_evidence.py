"""The view "Evidence": labelled texts measured, a threshold dragged, found, saved and taken back."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.processes import Server
from tests.page.conftest import assert_accessible

LABELLED = Path(__file__).parents[2] / "indexer" / "examples" / "labelled.csv"
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe \u2066 \U0001f468\u200d\U0001f469\u200d\U0001f467 " + "w" * 300


@pytest.fixture
def view(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/#/evidence")
    expect(page.get_by_role("button", name="to begin with")).to_be_visible()
    return page


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file on the place for it, as a hand does."""
    page.locator(".drop").evaluate(
        """(place, [name, content]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([content], name));
            for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, { dataTransfer }));
        }""",
        [name, content],
    )


def measured(page: Page, content: str = LABELLED.read_text("utf-8")) -> None:
    drop(page, "labelled.csv", content)
    expect(page.get_by_role("heading", name="Worst confusions")).to_be_visible()


def rows_of(content: str) -> list[dict[str, str]]:
    return [dict(zip(("text", "label"), line.rsplit(",", 1), strict=True)) for line in content.splitlines()[1:]]


def evaluation(server: Server):
    return server.client.call("POST", "/v1/evaluations", {"rows": rows_of(LABELLED.read_text("utf-8"))})


def read_out(page: Page) -> str:
    return page.locator(".said").inner_text()


def table(page: Page, caption: str):
    return page.get_by_role("table").filter(has=page.locator("caption", has_text=caption))


def test_a_dropped_file_is_measured_with_intervals_confusions_and_topics(view: Page, server: Server):
    measured(view)
    found = evaluation(server)
    expect(view.get_by_text("labelled.csv: 186 rows measured")).to_be_visible()
    accuracy = found["accuracy"]
    figure = view.locator("dl .card", has_text="Accuracy")
    expect(figure).to_contain_text(f"{accuracy['value']:.2f} ({accuracy['low']:.2f} to {accuracy['high']:.2f})")
    expect(view.locator("dl .card")).to_have_count(6)
    worst = found["confusions"][0]
    first = table(view, "Wrong answers").get_by_role("row").nth(1)
    expect(first).to_contain_text(worst["given"])
    for example in worst["examples"]:
        expect(first).to_contain_text(example)
    topics = table(view, "Precision: right").get_by_role("row")
    expect(topics).to_have_count(14)
    expect(topics.nth(1)).to_contain_text("none")
    lowest = min(found["topics"], key=lambda t: min(t["precision"]["value"], t["recall"]["value"]))
    expect(topics.nth(2)).to_contain_text(lowest["topic"])
    view.get_by_label("Order").select_option("rows")
    expect(view).to_have_url(f"{server.url}/#/evidence?by=score&order=rows&precision=0.9")
    first.get_by_role("link").first.click()
    expect(view).to_have_url(f"{server.url}/#/topics?topic={worst['given']}")
    view.go_back()
    expect(view.get_by_role("heading", name="Worst confusions")).to_be_visible()


def test_a_threshold_is_dragged_seen_saved_and_taken_back(view: Page, server: Server):
    server.client.call("PUT", "/v1/thresholds", {"margin": 0.01})
    measured(view)
    expect(view.get_by_text("Saving takes the others away: least margin 0.01.")).to_be_visible()
    expect(view.locator(".said")).to_contain_text("Without a least score: 100 % answered")
    view.locator(".plot").scroll_into_view_if_needed()
    box = view.locator(".plot").bounding_box()
    assert box is not None
    view.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 80)
    view.mouse.down()
    view.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 80, steps=4)
    view.mouse.up()
    said = read_out(view)
    assert said.startswith("At 0.") and server.client.call("GET", "/v1/thresholds")["score"] is None
    assert view.get_by_role("slider").get_attribute("aria-valuetext") == said
    view.get_by_role("button", name="Save 0.").click()
    expect(view.get_by_text("Saved: least score 0.")).to_be_visible()
    expect(view.get_by_text("takes the others away")).to_have_count(0)
    thresholds = server.client.call("GET", "/v1/thresholds")
    assert thresholds["margin"] is None and said.startswith(f"At {thresholds['score']:.2f}:")
    answers = server.client.call("POST", "/v1/topics/nearest", {"texts": ["Photosynthesis", "Dragon fruit"]})
    assert [answer["topic"] for answer in answers["results"]] == [None, "Fruit"]
    found = evaluation(server)
    right = found["precision"]
    assert said == (
        f"At {thresholds['score']:.2f}: {100 * found['coverage']['value']:.0f} % answered, {right['value']:.2f} of them"
        f" right ({right['low']:.2f} to {right['high']:.2f}), {100 * found['none_recall']['value']:.0f} % of texts of"
        " no topic refused."
    )
    view.get_by_role("button", name="Undo").click()
    expect(view.get_by_text("Saved: least margin 0.01")).to_be_visible()
    assert server.client.call("GET", "/v1/thresholds")["score"] is None
    assert server.client.call("GET", "/v1/thresholds")["margin"] == 0.01


def test_thresholds_are_found_for_a_precision_and_applied(view: Page, server: Server):
    measured(view)
    view.get_by_label("Share of the answers").fill("0.95")
    view.get_by_role("button", name="Find").click()
    expect(table(view, "What was tried").get_by_role("row")).not_to_have_count(0)
    expect(view.get_by_text("on rows not seen by the fit")).to_be_visible()
    assert server.client.call("GET", "/v1/thresholds")["score"] is None
    body = {"rows": rows_of(LABELLED.read_text("utf-8")), "precision": 0.95}
    found = server.client.call("POST", "/v1/calibrations", body)
    for message in found["messages"]:
        expect(view.get_by_text(message)).to_be_visible()
    assert_accessible(view)
    view.get_by_role("button", name="Apply").click()
    expect(view.get_by_text("Saved: ")).to_be_visible()
    thresholds = server.client.call("GET", "/v1/thresholds")
    assert {name: thresholds[name] for name in found["thresholds"]} == found["thresholds"]


def test_too_few_rows_are_measured_and_teach_no_threshold(view: Page, expected: list[str]):
    expected.append("status of 422")
    measured(view, "text,label\nDragon fruit,Fruit\nChile,Country\n")
    expect(view.locator("dl .card", has_text="Accuracy")).to_contain_text("1.00 (0.34 to 1.00)")
    view.get_by_role("button", name="Find").click()
    expect(view.get_by_role("alert")).to_contain_text("Not enough data: 2 labelled rows, precision 0.9 needs 30")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.csv", 'text,label\n"Mango,Fruit\n', "roken.csv, line"),
        ("rows.docx", "Mango", "he name must end in one of"),
        ("other.csv", "text,label\nMango,\n", "0 rows measured, 1 without a text or a label skipped"),
    ],
)
def test_a_file_that_cannot_be_measured_is_said_and_the_next_one_is_taken(
    name: str, content: str, said: str, view: Page, expected: list[str]
):
    expected.append("status of 422")
    measured(view)
    drop(view, name, content)
    expect(view.locator("main")).to_contain_text(said)
    expect(view.get_by_role("heading", name="Worst confusions")).to_have_count(0)
    assert_accessible(view)
    measured(view)


def test_labels_that_are_no_topics_are_left_out_and_said(view: Page):
    lines = "Mango,Fruit\nChile,COUNTRY\nMonday,Day\nTuesday,Day\n<b>x</b>,<i>y</i>\nPoem,OOS"
    measured(view, f"text,label\n{lines}\n")
    expect(view.get_by_text("labelled.csv: 3 rows measured")).to_be_visible()
    expect(view.get_by_text("2 labels are no topics, 3 rows left out: Day, <i>y</i>")).to_be_visible()
    view.get_by_role("link", name="add them as topics").click()
    expect(view.locator("h1")).to_have_text("Topics")


def test_hostile_texts_in_confusions_are_texts(view: Page, server: Server):
    hostile = "<script>alert(1)</script>\u202e"
    server.client.call("POST", "/v1/topics", {"topics": [{"name": hostile, "examples": ["Dragon fruit"]}]})
    measured(view, f'text,label\n"{HOSTILE}",Fruit\n"Dragon fruit",Fruit\nChile,"{hostile}"\n')
    confusions = table(view, "Wrong answers")
    for shown in (HOSTILE, hostile):
        expect(confusions.locator("bdi", has_text=shown).first).to_be_visible()
    assert view.locator("main img, main script").count() == 0
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(view)


def test_the_scores_of_stored_words_give_a_threshold_without_labels(view: Page, server: Server):
    level = server.client.call("GET", "/v1/topics/background")["percentiles"][75]
    view.get_by_role("button", name=f"Use {level:.2f} to begin with").click()
    expect(view.get_by_text("Saved: least score")).to_be_visible()
    assert server.client.call("GET", "/v1/thresholds")["score"] == level


def test_a_threshold_of_other_prototypes_is_not_saved(view: Page, server: Server):
    measured(view)
    grown = server.client.cluster(around="topics")
    server.client.call("POST", f"/v1/clusterings/{grown['id']}/activate")
    view.get_by_role("button", name="Save no least score").click()
    expect(view.get_by_role("alert")).to_contain_text("Other prototypes answer now")
    view.reload()
    expect(view.get_by_text("topics grown on the corpus")).to_be_visible()


def test_everything_is_done_by_keyboard(view: Page, server: Server):
    view.get_by_text("Paste", exact=True).press("Enter")
    view.get_by_label("Text, tab, label").fill(LABELLED.read_text("utf-8").replace(",", "\t"))
    view.get_by_role("button", name="Measure").press("Enter")
    expect(view.get_by_text("lines.jsonl: 186 rows measured")).to_be_visible()  # the header's label is no topic
    slider = view.get_by_role("slider", name="Least score")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowLeft")
    said = read_out(view)
    view.keyboard.press("Tab")
    view.keyboard.press("Enter")
    expect(view.get_by_text("Saved: least score")).to_be_visible()
    expect(slider).to_be_focused()
    assert read_out(view) == said
    view.get_by_label("Threshold on").press("ArrowDown")
    expect(view.get_by_role("slider", name="Least margin")).to_be_visible()
    expect(view).to_have_url(f"{server.url}/#/evidence?by=margin&order=worst&precision=0.9")


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_before_and_after(width: int, view: Page):
    view.set_viewport_size({"width": width, "height": 900})
    assert_accessible(view)
    measured(view)
    assert_accessible(view)
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_words_and_topics_it_says_what_is_missing(page: Page, server: Server):
    server.client.call("DELETE", "/v1/topics/Fruit")
    for topic in server.client.call("GET", "/v1/topics")["topics"]:
        server.client.call("DELETE", f"/v1/topics/{topic['name']}")
    page.goto(f"{server.url}/#/evidence")
    expect(page.get_by_text("It needs stored words and two topics.")).to_be_visible()
    drop(page, "labelled.csv", "text,label\nMango,Fruit\n")
    expect(page.get_by_text("1 label is no topic, 1 row left out: Fruit")).to_be_visible()
