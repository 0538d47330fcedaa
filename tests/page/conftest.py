"""A real browser on a real server with the real model; no console error and no report of the policy goes by."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from indexer.commands import demo
from indexer.settings import Settings
from scripts.processes import Server, serving

CHROMIUM = shutil.which("chromium")
# what keeps a browser of tests from calling home; it runs as root where the tests do
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=30_000)  # the model shares its cores with other tests


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium; `apt-get install chromium` to test the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the bundled example, to be copied."""
    folder = tmp_path_factory.mktemp("example") / "store"
    demo.index_example(Settings(data=folder))
    return folder


@pytest.fixture
def store(example: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(example, tmp_path / "store"))


@pytest.fixture
def server(store: Path) -> Iterator[Server]:
    """A server of its own for each test, with the bundled example and the real model."""
    with serving("--data", store) as server:
        yield server


class Watched:
    """A page of which every console error, exception and report of the policy is kept."""

    def __init__(self, page: Page, expected: Callable[[str], bool]) -> None:
        self.errors: list[str] = []
        page.on("console", lambda message: self._note(message, expected))
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))

    def _note(self, message: ConsoleMessage, expected: Callable[[str], bool]) -> None:
        if message.type in ("error", "warning") and not expected(f"{message.text} {message.location.get('url', '')}"):
            self.errors.append(f"{message.type}: {message.text} ({message.location})")


@pytest.fixture
def expected() -> list[str]:
    """Parts of console messages that a test expects, such as the answer 401, which browsers always report."""
    return []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light") as context:
        context.set_default_timeout(30_000)
        yield context


@pytest.fixture
def page(context: BrowserContext, expected: list[str]) -> Iterator[Page]:
    """A page that has not been anywhere; a test fails where it reported an error that was not expected."""
    page = context.new_page()
    watched = Watched(page, lambda message: any(part in message for part in expected))
    yield page
    assert watched.errors == []


def assert_accessible(page: Page) -> None:
    """Let axe look at what is shown, in both themes."""
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        violations = Axe().run(page).response["violations"]
        found = [f"{v['id']}: {v['help']}: {[node['target'] for node in v['nodes'][:5]]}" for v in violations]
        assert found == [], f"{theme}: {found}"
