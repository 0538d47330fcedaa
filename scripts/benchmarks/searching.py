"""How fast single answers come, how fast all of them, and whether neighbours are the true ones."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from indexer.embedders.local import LocalEmbedder, _bundled_folder
from indexer.embedders.sentences import sentence_transformer
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.store.store import Store
from scripts.benchmarks.machine import LARGE, TITLES, Work, seconds, show
from scripts.processes import Server, serving

TOPICS = ("sport", "music", "politics", "science", "video games", "film", "food", "travel", "books", "health", "money",
          "technology", "art", "history", "nature", "religion", "law")  # fmt: skip


def lookup(work: Work) -> None:
    """One new word over HTTP beside `encode([word])` in a loop, in turn."""
    model = sentence_transformer(str(_bundled_folder()))
    words = [f"{a} {b}" for a in ("red", "old", "small", "new") for b in work.texts("words_empath.csv", 200)]
    with serving("--data", work.store(TITLES, 20_000)) as server:
        server.client.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in TOPICS]})
        plain, answered = [], []
        for word in words:
            plain.append(seconds(lambda word=word: model.encode([word])))
            answered.append(seconds(lambda word=word: server.client.call("GET", "/v1/topics/nearest", text=word)))
        show("encode([word])", plain[50:])
        show("GET /v1/topics/nearest", answered[50:])
        print(f"  ratio of the medians {statistics.median(answered[50:]) / statistics.median(plain[50:]):.2f}")


def recall(work: Work) -> None:
    """Neighbours over HTTP against exact search over all vectors, on 181,394 and on 500,000 titles."""
    for name in (TITLES, LARGE):
        _recall(work, work.store(name, 500_000))


def _recall(work: Work, store: Path) -> None:
    opened = Store.open(Settings(data=store))
    pages = list(opened.words.pages())
    opened.close()
    ids, vectors = [word.id for words, _ in pages for word in words], np.vstack([rows for _, rows in pages])
    position = {id: i for i, id in enumerate(ids)}
    asked = work.texts("headlines_clickbait32k.csv.gz", 300)
    model = LocalEmbedder(DEFAULT_MODEL, Settings())
    exact = np.vstack([model.embed([text]) for text in asked]) @ vectors.T  # alone, as the server is asked
    least = np.partition(exact, -10, axis=1)[:, -10] - 1e-5
    with serving("--data", store) as server:
        first = [_ask(server, text) for text in asked]
        server.wait_until_warm()
        warm = [_ask(server, text) for text in asked]
        for what, answers in (("from the index, while the words are read", first), ("from memory", warm)):
            hits = sum(exact[i, position[id]] >= least[i] for i, answer in enumerate(answers) for id in answer[1])
            show(f"GET /v1/words/nearest among {len(ids)}, {what}", [taken for taken, _ in answers])
            print(f"  recall@10 {hits / (10 * len(asked)):.4f}")
        print(f"  peak memory of the server {server.memory():.0f} MB", flush=True)


def _ask(server: Server, text: str) -> tuple[float, list[str]]:
    begin = time.perf_counter()
    answer = server.client.call("GET", "/v1/words/nearest", text=text, k=10)
    return time.perf_counter() - begin, [match["id"] for match in answer["matches"]]


def classify(work: Work) -> None:
    """The topic of every stored word as one stream, from a warm server."""
    store = work.store(TITLES, 200_000)
    with serving("--data", store) as server:
        server.client.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in TOPICS]})
        words = server.wait_until_warm()
        lines: list[int] = []
        times = [
            seconds(lambda: lines.append(server.client.get("/v1/topics/words").content.count(b"\n")))
            for _ in range(work.rounds)
        ]
        assert set(lines) == {words}, f"{lines} lines of {words} words"
        print(
            f"  {words} words, {len(TOPICS)} topics: {statistics.median(times):.2f} s from request to last byte, n {len(times)}"
        )
