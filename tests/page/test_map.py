"""The view "Map": made, watched, moved, picked, selected, asked where a text would lie; by keyboard; without WebGL."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.processes import Server, serving
from tests.page.conftest import assert_accessible

# a software renderer says so of every canvas that is copied to a picture
STALL = "GPU stall due to ReadPixels"
AT = "?at=0.5,0.5,1"  # a camera that sees the whole square
READ_POINTS = "async at => [...new Uint16Array(await (await fetch(at)).arrayBuffer())]"
READ_WORDS = "async at => (await (await fetch(at)).json()).words.map(word => word.text)"
LOSE = """canvas => {
  const lose = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
  lose.loseContext();
  setTimeout(() => lose.restoreContext(), 100);
}"""


@pytest.fixture(scope="module")
def still(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests that change nothing of it."""
    folder = shutil.copytree(example, tmp_path_factory.mktemp("still") / "store")
    with serving("--data", folder) as server:
        yield server


@pytest.fixture(autouse=True)
def stalls(expected: list[str]) -> None:
    expected.append(STALL)


def plot(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("^Map"))


def open_map(page: Page, server: Server, state: str = AT) -> None:
    """Show a map that is there, seen as a whole."""
    if not server.client.call("GET", "/v1/maps")["maps"]:
        server.client.call("POST", "/v1/maps?wait=60", {})
    page.goto(f"{server.url}/#/map{state}")
    expect(plot(page)).to_have_attribute("data-drawn", "300")


def section(page: Page, said: str) -> Locator:
    return page.locator("section.card").filter(has_text=said)


def words_shown(page: Page, title: str, count: int) -> Locator:
    """Return the rows of the table beside the map, when it says that it shows so many words."""
    table = page.get_by_role("region", name=re.compile(rf"^{title}: .* of {count}$"))
    expect(table).to_be_visible()
    return table.locator("tbody tr")


def places(page: Page) -> dict[str, tuple[float, float]]:
    """Return where on the page each word is, while the address has `AT` and nothing has moved."""
    id = page.get_by_label("Version").input_value()
    points: list[int] = page.evaluate(READ_POINTS, f"v1/maps/{id}/points")
    rows = ",".join(str(row) for row in range(len(points) // 2))
    texts: list[str] = page.evaluate(READ_WORDS, f"v1/maps/{id}/words?rows={rows}")
    box = plot(page).bounding_box()
    assert box
    unit = min(box["width"], box["height"]) / 65_535
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return {
        text: (middle[0] + (x - 32_768) * unit, middle[1] - (y - 32_768) * unit)
        for text, x, y in zip(texts, points[::2], points[1::2], strict=True)
    }


def test_a_map_is_made_watched_moved_asked_and_grows(page: Page, server: Server):
    page.goto(f"{server.url}/#/map{AT}")
    page.get_by_role("button", name="Draw the map").click()
    expect(page.get_by_role("progressbar", name="The map is drawn")).to_be_visible()
    expect(plot(page)).to_have_attribute("data-drawn", "300")
    expect(page.get_by_text("near means alike, far means little")).to_be_visible()
    words_shown(page, "In view", 300)

    at = places(page)
    mango = at["Mango"]
    page.get_by_role("button", name="Lasso").click()
    away = {text: max(abs(x - mango[0]), abs(y - mango[1])) for text, (x, y) in at.items()}
    half = next(half for half in range(6, 300) if all(abs(far - half) > 1 for far in away.values()))
    inside = {text for text, far in away.items() if far < half}
    left, top, right, bottom = mango[0] - half, mango[1] - half, mango[0] + half, mango[1] + half
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    rows = words_shown(page, "Selected", len(inside))
    assert set(rows.locator("th").all_text_contents()) == inside
    page.get_by_role("button", name="Clear").click()
    words_shown(page, "In view", 300)
    page.get_by_role("button", name="Lasso").click()

    page.mouse.move(*mango)
    page.mouse.wheel(0, -600)
    expect(page).not_to_have_url(re.compile("at=0.5"))
    closer = page.url
    page.mouse.down()
    page.mouse.move(mango[0] + 90, mango[1] + 40)
    page.mouse.up()
    expect(page).not_to_have_url(closer)
    page.mouse.click(mango[0] + 90, mango[1] + 40)  # what was under the pointer went with it
    picked = section(page, "Near it on the map")
    expect(picked.get_by_role("heading")).to_have_text("Mango")
    expect(picked.get_by_role("listitem")).to_have_count(15)
    nearest = server.client.call("GET", "/v1/words/nearest", text="Mango", k=16)["matches"][1:]
    assert picked.locator("li bdi").all_text_contents() == [word["text"] for word in nearest]
    page.get_by_role("button", name="Show all").click()

    where = page.get_by_label("Where would it lie?")
    where.fill("Rambutan")
    where.press("Enter")
    expect(page.get_by_text("Rambutan: Fruit")).to_be_visible()
    where.fill("qqq zx 8841 %%")
    where.press("Enter")
    expect(page.get_by_text("qqq zx 8841 %% is off the map")).to_be_visible()

    page.get_by_label("Topic across").select_option("Fruit")
    page.get_by_label("Topic upwards").select_option("Country")
    expect(page.get_by_text("Fruit across, Country upwards: scores from")).to_be_visible()
    page.get_by_label("Topic upwards").select_option("Fruit")  # one topic makes no axes: it is the map again
    expect(page.get_by_text("Fruit across")).to_have_count(0)

    seen = page.url
    server.client.call("POST", "/v1/words", {"words": [{"text": "Rambutan"}]})
    page.evaluate("async () => (await import('/static/js/api.js')).connection.dispatchEvent(new Event('changed'))")
    expect(plot(page)).to_have_attribute("data-drawn", "301")
    assert page.url == seen, "the picture stays where it was"
    page.get_by_label("Search").fill("rambutan")
    expect(words_shown(page, "Selected", 1)).to_contain_text("Rambutan Fruit")


def test_versions_are_drawn_anew_kept_and_deleted_and_a_selection_becomes_examples(page: Page, server: Server):
    run = server.client.cluster(k=3)["id"]
    open_map(page, server, "?by=topic&class=Fruit")
    words_shown(page, "Selected", 32)
    before = plot(page).screenshot()
    plot(page).locator("canvas").first.evaluate(LOSE)
    page.wait_for_timeout(400)
    assert plot(page).screenshot() == before, "what the graphics card lost is given again"
    page.get_by_label("Beside it").select_option(f"cluster:{run}")
    expect(page.get_by_role("application")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("application")).to_have_count(2)

    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    page.get_by_role("button", name="Draw anew…").click()
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_text(re.compile(r"The median word moved by \d\.\d % of the width\."))).to_be_visible()
    expect(page.get_by_label("Version").locator("option")).to_have_count(2)
    page.get_by_role("button", name="Draw anew…").click()
    page.get_by_role("button", name="Draw", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The map is cancelled.")).to_be_visible()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_label("Version").locator("option")).to_have_count(1)

    page.get_by_role("button", name="Make examples of a topic…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Topic").select_option("Fruit")
    ticks = dialog.get_by_role("checkbox")
    texts = [tick.input_value() for tick in ticks.all()[:2]]
    for tick in ticks.all()[2:]:
        tick.uncheck()
    dialog.get_by_role("button", name="See what changes").click()
    expect(page.get_by_role("heading", name="What changes by it")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Fruit")
    expect(page.get_by_label("Examples, one a line")).to_have_value(re.compile("\n".join(texts) + "$"))


def test_all_of_it_by_keyboard(page: Page, still: Server):
    open_map(page, still)
    plot(page).focus()
    for _ in range(4):
        page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"at=0\.5\d+%2C0\.5000%2C3\.842"))  # 1.4 to the fourth
    page.keyboard.press("0")
    words_shown(page, "In view", 300)
    view = page.get_by_role("button", name="Select what is in view")
    for _ in range(12):
        page.keyboard.press("Tab")
        if view.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    rows = words_shown(page, "Selected", 300)
    words = rows.get_by_role("button")
    words.first.focus()
    page.keyboard.press("ArrowDown")
    expect(words.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(section(page, "Near it on the map").get_by_role("heading")).to_have_text(words.nth(1).inner_text())
    page.get_by_role("button", name=re.compile("^Fruit")).focus()
    page.keyboard.press("Enter")
    words_shown(page, "Selected", 32)
    plot(page).focus()
    page.keyboard.press("Escape")
    words_shown(page, "In view", 300)


def test_without_webgl_a_plain_canvas_says_so(page: Page, still: Server):
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind === 'webgl2' ? null : get.call(this, kind, ...rest); };"
    )
    open_map(page, still)
    expect(page.get_by_text("This browser has no WebGL2")).to_contain_text("20,000 words of it at most")
    hues = "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    assert plot(page).locator("canvas").first.evaluate(hues) > 12
    mango = places(page)["Mango"]
    page.mouse.click(*mango)
    expect(section(page, "Near it on the map").get_by_role("heading")).to_have_text("Mango")


def test_it_is_accessible_and_fits_a_phone(page: Page, still: Server):
    open_map(page, still, "?q=an&by=score")
    expect(page.get_by_text("that contain an")).to_be_visible()
    words_shown(page, "Selected", 32).first.get_by_role("button").click()
    expect(section(page, "Near it on the map")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Make examples of a topic…").click()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Colour by").select_option("topic")
    expect(page.get_by_role("button", name=re.compile("^Fruit"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert_accessible(page)
