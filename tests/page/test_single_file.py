"""Single files: a matrix and a map, opened from the disk by a browser that has no network."""

import re
from base64 import b64encode
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from indexer.contract.maps import LegendEntry, Map, MapColours, MapQuality, MapSettings, MapWord, MapWords
from indexer.errors import Conflict, NoClustering
from server import map_file, single_file
from tests.page.conftest import assert_accessible
from tests.page.test_hostile import KINDS

STYLES = ("css/tokens.css", "css/base.css", "css/parts.css")
TEXTS = [
    *(kind.format(i=i) for i, kind in enumerate(KINDS)),
    "</script><script>window.harm=1</script>",
    "<!-- <script>",
]


@pytest.fixture
def offline(context: BrowserContext, page: Page):
    """Open a file that is written here; every call for something else is kept, and none may be."""
    asked: list[str] = []
    context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))

    def open_file(path, parts):
        path.write_text("".join(parts), "utf-8")
        page.goto(path.as_uri())
        return page

    yield open_file
    assert [url for url in asked if not url.startswith(("file:", "data:text/javascript"))] == []


def test_a_matrix_of_hostile_texts_is_shown_as_what_it_is_in_both_themes(offline, expected, tmp_path):
    n = len(TEXTS)
    matrix = [[1.0 if i == j else -0.5 + (i * j % 100) / 100 for j in range(n)] for i in range(n)]
    data = {"rows": TEXTS, "columns": TEXTS, "matrix": matrix, "title": TEXTS[0]}
    page = offline(tmp_path / "m.html", single_file.single_file(TEXTS[0], "js/matrix/file.js", STYLES, data))
    expect(page.locator("tbody tr")).to_have_count(n)
    for cells in ("thead th bdi", "tbody th bdi"):
        assert page.locator(cells).evaluate_all("all => all.map((one) => one.textContent)") == TEXTS
    assert page.locator("td").nth(1).inner_text() == "\u22120.50"
    expect(page).to_have_title(TEXTS[0])
    assert page.evaluate("window.harm") is None and page.locator("main script, main img, main svg").count() == 0
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != ground
    # nothing gets out, and no text becomes markup
    expected += ["Content Security Policy", "requires 'TrustedHTML' assignment"]
    tried = page.evaluate("""async () => {
        const refused = [];
        await fetch("http://127.0.0.1:1/").catch(() => refused.push("call"));
        try { document.body.innerHTML = "<b>"; } catch { refused.push("markup"); }
        return refused;
    }""")
    assert tried == ["call", "markup"]
    few = {"rows": ["a", "b"], "columns": ["a", "b"], "matrix": [[1, 0.5], [0.5, 1]], "title": "How alike"}
    page = offline(tmp_path / "few.html", single_file.single_file("How alike", "js/matrix/file.js", STYLES, few))
    expect(page.locator("tbody tr")).to_have_count(2)
    assert_accessible(page)


class Maps:
    """A map of words in a circle."""

    n = 1_500
    map = Map(
        id="m",
        status="done",
        progress=1,
        settings=MapSettings(),
        words=n,
        quality=MapQuality(neighbours_kept=0.2, trustworthiness=0.8, sample=1_000),
        created="2026-01-01T00:00:00Z",
    )
    changes = 0  # of the words, between points and colours

    def get(self, id):
        return self.map

    def points(self, id):
        turns = np.linspace(0, 2 * np.pi, self.n, endpoint=False)
        positions = np.stack([np.cos(turns), np.sin(turns)], axis=1) * 32_000 + 32_767
        return SimpleNamespace(order=f"order {self.changes}", positions=positions.astype("<u2").tobytes())

    def colours(self, id, by):
        if by == "cluster":
            raise NoClustering("none has finished")
        self.changes -= self.changes > 0
        rows = b64encode((np.arange(self.n) % 2).astype("<u2").tobytes()).decode()
        legend = [LegendEntry(name=name, count=self.n // 2, x=None, y=None) for name in TEXTS[:2]]
        return MapColours(by=by, kind="class", order=f"order {self.changes}", rows=rows, legend=legend)

    def words(self, id, rows=()):
        assert len(rows) <= 1_000
        return MapWords(words=[MapWord(row=r, id=str(r), text=TEXTS[r % len(TEXTS)]) for r in rows if r != 7])


def assert_drawn(page):
    """Check that the circle of points is there, and that it is empty."""
    box = page.get_by_role("application").bounding_box()
    middle, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), 0.48 * box["height"]

    def seen(x, y):
        return page.screenshot(clip={"x": x - 10, "y": y - 10, "width": 20, "height": 20})

    empty = seen(*middle)
    for turn in np.linspace(0, 2 * np.pi, 5)[:-1] + np.pi / 4:
        assert seen(middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)) != empty
    assert seen(middle[0] + radius / 2, middle[1] + radius / 4) == empty


def test_a_map_is_in_its_file_with_points_colours_and_texts(offline, expected, tmp_path, monkeypatch):
    expected.append("GPU stall due to ReadPixels")  # a software renderer says so
    monkeypatch.setattr(map_file, "TEXTS", 1_100)
    page = offline(tmp_path / "map.html", map_file.map_file(SimpleNamespace(maps=Maps()), "m"))
    expect(page.get_by_role("application")).to_have_attribute("data-drawn", "1500")
    assert_drawn(page)
    expect(page.get_by_text("1,500 words. The map keeps 1 of 5 true neighbours")).to_be_visible()
    page.get_by_role("button", name=TEXTS[1]).first.click()
    expect(page.get_by_role("status")).to_have_text("750 words")
    page.get_by_label("Search").fill(TEXTS[0].upper())
    expect(page.get_by_role("status")).not_to_have_text("750 words")


def test_a_map_without_topics_and_clusters_is_drawn_all_the_same(offline, expected, tmp_path, monkeypatch):
    expected.append("GPU stall due to ReadPixels")
    monkeypatch.setattr(map_file, "_COLOURINGS", ("cluster",))
    page = offline(tmp_path / "map.html", map_file.map_file(SimpleNamespace(maps=Maps()), "m"))
    expect(page.get_by_role("application")).to_have_attribute("data-drawn", "1500")
    assert_drawn(page)


def test_a_map_whose_words_change_is_read_again_and_one_that_has_not_finished_is_refused():
    maps = Maps()
    maps.changes = 3
    assert "Map of" in "".join(map_file.map_file(SimpleNamespace(maps=maps), "m"))
    maps.changes = 100
    with pytest.raises(Conflict, match="words are changing"):
        map_file.map_file(SimpleNamespace(maps=maps), "m")
    maps.map = maps.map.model_copy(update={"status": "running"})
    with pytest.raises(Conflict, match="running"):
        map_file.map_file(SimpleNamespace(maps=maps), "m")


def test_no_module_in_a_file_imports_from_where_it_is_not():
    static = single_file._STATIC
    for entry in sorted(static.glob("js/*/file.js")):
        modules = single_file._modules(entry.relative_to(static).as_posix())
        assert len(modules) > 1
        assert not [name for name, source in modules.items() if re.search(r"""(from|import)\s*\(?\s*["'`]\.""", source)]
