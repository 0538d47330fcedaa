"""A real browser on a real server with the real model; no console error and no report of the policy goes by."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from indexer.commands import demo
from indexer.settings import Settings
from scripts.processes import Client, Server, serving

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


class Reused:
    """A server of the bundled example that many tests use, each of which finds it as it was at first."""

    def __init__(self, example: Path, folder: Path) -> None:
        self._example = example
        self._folder = folder
        self._server: Server | None = None
        self._first: list[object] = []
        self._ids: set[str] = set()

    def as_new(self) -> Server:
        """Return it in its first state: the last test's changes are taken back, or a new one is started."""
        if self._server is not None and self._server.process.poll() is None and self._restored(self._server):
            return self._server
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._example, self._folder)
        self._server = serving("--data", self._folder)
        self._first = _state(self._server.client)
        self._ids = {word["id"] for word in _words(self._server.client)}
        return self._server

    def close(self) -> None:
        if self._server is not None and self._server.process.poll() is None:
            code = self._server.end()
            assert code == 0, "".join(self._server.said)

    def _restored(self, server: Server) -> bool:
        call = server.client.call
        call("DELETE", "/v1/clusterings/active")
        for jobs in ("clusterings", "maps", "imports", "doctor"):
            for job in call("GET", f"/v1/{jobs}")[jobs]:
                server.client.request("DELETE", f"/v1/{jobs}/{job['id']}")
        added = {word["id"] for word in _words(server.client)} - self._ids
        if 0 < len(added) <= 1000:
            call("POST", "/v1/words/delete", {"ids": list(added)})
        if call("GET", "/v1/topics") != self._first[0]:
            call("PUT", "/v1/topics", self._first[0])
        call("PUT", "/v1/thresholds", {"score": None, "margin": None, "topics": {}})
        return _state(server.client) == self._first


def _state(client: Client) -> list[object]:
    """Return what a test can change: topics, thresholds, words in their order, records of jobs."""
    names = ("topics", "thresholds", "clusterings", "maps", "imports", "doctor")
    return [*(client.call("GET", f"/v1/{name}") for name in names), _words(client)]


def _words(client: Client) -> list[dict[str, object]]:
    words: list[dict[str, object]] = client.call("GET", "/v1/words", limit=1000)["words"]
    return words


@pytest.fixture(scope="session")
def reused(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reused]:
    reused = Reused(example, tmp_path_factory.mktemp("reused") / "store")
    yield reused
    reused.close()


@pytest.fixture
def server(reused: Reused) -> Server:
    """A server with the bundled example and the real model, in its first state."""
    return reused.as_new()


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
