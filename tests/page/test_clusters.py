"""The view "Clusters": runs started, watched and cancelled; cards, bands, comparisons; from a cluster to a topic."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from indexer.connect import connect
from indexer.contract.clusterings import ClusteringSettings
from indexer.settings import Settings
from scripts.processes import Client, Server, serving
from tests.page.conftest import assert_accessible

TOOLS = ("Hammer", "Saw", "Drill", "Wrench", "Pliers", "Chisel", "Screwdriver", "Jazz", "Opera", "Blues", "Reggae")
KINDS = [
    "red",
    "green",
    "old",
    "new",
    "small",
    "large",
    "heavy",
    "light",
    "wooden",
    "broken",
    "electric",
    "plastic",
    "German",
    "tiny",
    "fast",
    "slow",
    "clean",
]
THINGS = [
    "car",
    "house",
    "apple",
    "guitar",
    "shirt",
    "knife",
    "lamp",
    "tree",
    "river",
    "doctor",
    "phone",
    "bread",
    "horse",
    "chair",
    "storm",
    "boat",
    "book",
]
PLACES = [
    "in Rome",
    "on the moon",
    "for children",
    "at night",
    "from 1950",
    "under water",
    "near the sea",
    "of my uncle",
    "by mail",
    "today",
]


def add(client: Client, texts: list[str]) -> None:
    for i in range(0, len(texts), 1000):
        client.call("POST", "/v1/words", {"words": [{"text": text} for text in texts[i : i + 1000]]})


def open_view(page: Page, server: Server, state: str = "") -> None:
    page.goto(f"{server.url}/#/clusters{state}")
    expect(page.locator("h1")).to_have_text("Clusters")


def cards(page: Page) -> Locator:
    return page.get_by_role("article")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not reach it")


def test_without_a_run_the_view_says_how_to_start_one(page: Page, server: Server):
    open_view(page, server)
    expect(page.get_by_text("No run yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert_accessible(page)
    open_view(page, server, "?run=nowhere")
    expect(page.get_by_text("This run is not there any more")).to_be_visible()


def test_a_run_is_started_watched_left_followed_again_and_cancelled(page: Page, server: Server):
    add(server.client, [" ".join(words) for words in product(KINDS, THINGS, PLACES)])  # it takes some seconds
    open_view(page, server)
    page.get_by_label("To", exact=True).fill("700")
    page.get_by_role("button", name="Start").click()
    bar = page.get_by_role("progressbar", name="Clustering, asked for: auto")
    expect(bar).to_be_visible()
    expect(bar).not_to_have_attribute("value", "0", timeout=60_000)
    assert_accessible(page)
    page.get_by_role("link", name="Topics", exact=True).click()
    expect(page.locator("h1")).to_have_text("Topics")
    page.get_by_role("link", name="Clusters", exact=True).click()
    expect(bar).to_be_visible()
    [begun] = server.client.call("GET", "/v1/clusterings")["clusterings"]
    assert 0 < begun["progress"] < 1, begun
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The run is cancelled.")).to_be_visible()
    expect(bar).to_have_count(0)
    expect(page.get_by_role("table", name="Runs, newest first").get_by_role("row")).to_contain_text(["", "cancelled"])
    assert server.client.call("GET", f"/v1/clusterings/{begun['id']}")["status"] == "cancelled"


def test_all_of_it_by_keyboard(page: Page, server: Server):
    open_view(page, server)
    tab_to(page, page.get_by_label("Clusters"))
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="5 clusters of 300 words")).to_be_focused()
    assert page.url.endswith(server.client.call("GET", "/v1/clusterings")["clusterings"][0]["id"])
    tab_to(page, page.get_by_role("button", name="Pin"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Unpin")).to_be_focused()
    words = cards(page).first.get_by_role("button", name="Words", exact=True)
    tab_to(page, words)
    page.keyboard.press("Enter")
    expect(words).to_have_attribute("aria-expanded", "true")
    tab_to(page, cards(page).first.get_by_role("button", name="Make a topic"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_pin_survives(page: Page, server: Server):
    id = server.client.cluster(k=3)["id"]
    open_view(page, server)
    page.get_by_role("button", name="Pin").click()
    row = page.get_by_role("table", name="Runs, newest first").get_by_role("row").nth(1)
    expect(row).to_contain_text("pinned")
    page.reload()
    expect(row).to_contain_text("pinned")
    page.get_by_role("button", name="Unpin").click()
    expect(row).not_to_contain_text("pinned")
    assert server.client.call("GET", f"/v1/clusterings/{id}")["pinned"] is False


def test_a_run_is_deleted_after_a_question(page: Page, server: Server):
    kept, gone = (server.client.cluster(k=k)["id"] for k in (3, 4))
    open_view(page, server)
    expect(cards(page)).to_have_count(4)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(cards(page)).to_have_count(3)
    assert [run["id"] for run in server.client.call("GET", "/v1/clusterings")["clusterings"]] == [kept], gone


def test_the_words_of_a_cluster_come_in_pages_and_its_address_shows_them(page: Page, server: Server):
    run = server.client.cluster(k=1)
    open_view(page, server)
    expect(page.get_by_role("heading", name="1 cluster of 300 words")).to_be_visible()
    cards(page).get_by_role("button", name="Words", exact=True).click()
    words = cards(page).locator(".words li")
    expect(words).to_have_count(60)
    assert f"cluster={run['clusters'][0]['id']}" in page.url
    page.reload()
    expect(words).to_have_count(60)
    for shown in (120, 180, 240, 300):
        page.get_by_role("button", name="More words").click()
        expect(words).to_have_count(shown)
    expect(page.get_by_role("button", name="More words")).to_be_hidden()
    listed = server.client.call("GET", f"/v1/clusterings/{run['id']}/words?limit=1000")["words"]
    assert words.all_text_contents() == [word["text"] for word in listed]
    assert_accessible(page)


def two_runs(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a run, and one that goes on from it after words have come."""
    old = client.cluster(k=12, start=None)
    add(client, list(TOOLS))
    return old, client.cluster(k=15, start=old["id"])


def became(lineage: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what the table must say: before, became, after."""
    before, after = ({cluster["id"]: cluster["name"] for cluster in run["clusters"]} for run in (old, new))
    return sorted(
        [(before[pair["from"]], "continued", after[pair["to"]]) for pair in lineage["continued"]]
        + [("–", "new", after[id]) for id in lineage["born"]]
        + [(before[id], "gone", "–") for id in lineage["gone"]]
        + [(before[part["from"]], "split", after[to]) for part in lineage["split"] for to in part["to"]]
        + [(before[of], "merged", after[part["to"]]) for part in lineage["merged"] for of in part["from"]]
    )


def table_of(page: Page) -> list[tuple[str, str, str]]:
    page.get_by_text("As tables").click()
    rows = page.locator("details tbody tr")
    return sorted((cells[0], cells[1], cells[2]) for cells in rows.evaluate_all(CELLS))


CELLS = "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"


def test_the_bands_their_table_and_the_cards_say_what_became_of_the_clusters(page: Page, server: Server):
    old, new = two_runs(server.client)
    lineage = new["lineage"]
    assert lineage["born"], "there is something to see"
    assert lineage["split"], "there is something to see"
    open_view(page, server)
    bands = page.get_by_role("group", name="Clusters from run to run")
    expect(bands.locator("rect")).to_have_count(12 + 15)
    shapes = bands.get_by_role("img")
    tab_to(page, shapes.first)
    line = page.get_by_role("status").filter(has_text="words")
    expect(line).to_have_text(str(shapes.first.get_attribute("aria-label")))
    page.keyboard.press("ArrowDown")
    expect(line).to_have_text(str(shapes.nth(1).get_attribute("aria-label")))
    band = bands.locator("path").last
    box = band.evaluate(
        "band => { const { x, y, width, height } = band.getBoundingClientRect(); return [x, y, width, height] }"
    )
    page.mouse.move(box[0] + box[2] / 2, box[1] + box[3] / 2)
    expect(line).to_have_text(str(band.get_attribute("aria-label")))
    assert table_of(page) == became(lineage, old, new)
    for cluster in new["clusters"]:
        card = cards(page).filter(has=page.get_by_role("heading", name=cluster["name"], exact=True))
        expect(card.get_by_text("new", exact=True)).to_have_count(int(cluster["id"] in lineage["born"]))
        parts = [part for part in lineage["split"] if cluster["id"] in part["to"]]
        expect(card.get_by_text("split", exact=True)).to_have_count(len(parts))
    assert_accessible(page)


def test_two_runs_are_compared_after_words_were_added(page: Page, server: Server):
    old, new = two_runs(server.client)
    server.client.cluster(k=4, start=None)
    open_view(page, server, f"?run={old['id']}")
    expect(page.get_by_text(f"{len(TOOLS)} words came since")).to_be_visible()
    page.get_by_label("Compare with").select_option(new["id"])  # the later one as the first: what if we went back?
    expect(page).to_have_url(f"{server.url}/#/clusters?run={old['id']}&with={new['id']}")
    expect(page.locator(".bands rect")).to_have_count(15 + 12)
    assert table_of(page) == became(
        server.client.call("GET", f"/v1/clusterings/{new['id']}/diff/{old['id']}"), new, old
    )
    assert_accessible(page)


@pytest.mark.parametrize("k_min", [2, 30])
def test_auto_shows_how_the_number_was_found(k_min: int, page: Page, server: Server):
    run = server.client.cluster(k="auto", k_min=k_min)
    assert run["clear"] is (k_min == 2), "one of each"
    open_view(page, server)
    said = f"{run['k']} clusters stand out" if run["clear"] else f"No number stands out; {run['k']} is the middle"
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    rows = page.get_by_role("table", name="cosine silhouette").locator("tbody tr")
    expect(rows).to_have_count(len(run["curve"]))
    expect(rows.filter(has_text="chosen")).to_have_text(f"{run['k']}, chosen{dict(run['curve'])[run['k']]:.3f}")
    assert_accessible(page)


def test_a_cluster_becomes_a_topic_and_that_this_ends_an_adaptation_is_said_before(page: Page, server: Server):
    grown = server.client.cluster(around="topics")
    server.client.call("POST", f"/v1/clusterings/{grown['id']}/activate")
    add(server.client, list(TOOLS))
    run = server.client.cluster(k=15)
    cluster = max(run["clusters"], key=lambda cluster: cluster["size"])
    open_view(page, server)
    active = page.get_by_role("table", name="Runs, newest first").get_by_text("active", exact=True)
    expect(active).to_have_count(1)
    cards(page).first.get_by_role("button", name="Make a topic").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("a new topic switches that off")).to_be_visible()
    name, examples = dialog.get_by_label("Name"), dialog.get_by_label("Examples")
    expect(name).to_have_value(cluster["name"])
    expect(examples).to_have_value("\n".join(cluster["examples"]))
    name.fill("Fruit")
    expect(dialog.get_by_text("There is a topic of this name: it is replaced.")).to_be_visible()
    name.fill("My <b>own</b> topic")
    expect(dialog.get_by_text("There is a topic of this name")).to_have_count(0)
    examples.fill("One\n\nTwo")
    dialog.get_by_role("button", name="Make the topic").click()
    expect(page.get_by_text("The topic My <b>own</b> topic is there.")).to_be_visible()
    expect(active).to_have_count(0)
    made = server.client.call("GET", "/v1/topics")["topics"][-1]
    assert (made["name"], made["examples"]) == ("My <b>own</b> topic", ["One", "Two"])


def test_a_failed_run_says_why(page: Page, store: Path):
    with connect(Settings(data=store)) as service:
        service.clusterings.create(ClusteringSettings(k=3))  # type: ignore[attr-defined]
    with serving("--data", store) as server:
        open_view(page, server)
        expect(page.get_by_text("This run is failed")).to_be_visible()
        expect(page.get_by_text("the server that worked on it has ended; start it again")).to_be_visible()
        assert_accessible(page)


def test_a_hundred_clusters_are_shown_with_twelve_hues(page: Page, server: Server):
    server.client.cluster(k=90)
    server.client.cluster(k=100)
    open_view(page, server)
    expect(cards(page)).to_have_count(100)
    expect(page.locator(".bands rect")).to_have_count(190)
    hues = page.locator("article").evaluate_all("all => all.map(one => one.style.getPropertyValue('--hue'))")
    assert hues[:12] == [f"var(--hue-{i})" for i in range(12)]
    assert set(hues[12:]) == {""}
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    expect(cards(page)).to_have_count(100)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert_accessible(page)


def test_an_answer_that_is_refused_is_said_in_words(page: Page, server: Server, expected: list[str]):
    expected.append("422")
    open_view(page, server)
    page.get_by_label("Clusters").fill("900")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("K is 900 and there are 300 words; ask for at most 300")
