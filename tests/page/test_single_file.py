"""Single files: a matrix and a map, opened from the disk by a browser that has no network."""


import pytest
from playwright.sync_api import BrowserContext, Page, expect

from server import single_file
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


def test_a_matrix_of_hostile_texts_is_shown_as_what_it_is_in_both_themes(offline, tmp_path):
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
    ground = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") != ground
    # nothing gets out: neither a call, nor a picture, nor code that was made of a text
    tried = page.evaluate("""async () => {
        const failed = [];
        await fetch("http://127.0.0.1:1/").catch(() => failed.push("fetch"));
        try { document.body.innerHTML = "<b>"; } catch { failed.push("markup"); }
        try { eval("1"); } catch { failed.push("eval"); }
        return failed;
    }""")
    assert tried == ["fetch", "markup", "eval"]


def test_axe_finds_nothing_in_a_matrix(offline, tmp_path):
    data = {"rows": ["a", "b"], "columns": ["a", "b"], "matrix": [[1, 0.5], [0.5, 1]], "title": "How alike"}
    page = offline(tmp_path / "m.html", single_file.single_file("How alike", "js/matrix/file.js", STYLES, data))
    expect(page.locator("tbody tr")).to_have_count(2)
    assert_accessible(page)
