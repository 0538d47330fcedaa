"""How fast single answers come, how fast all of them, and whether neighbours are the true ones."""

import statistics

import numpy as np

from indexer.embedders.local import LocalEmbedder
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.store import Store
from scripts.benchmarks.machine import TITLES, Work, seconds, served, show

TOPICS = ("sport", "music", "politics", "science", "video games", "film", "food", "travel", "books", "health", "money",
          "technology", "art", "history", "nature", "religion", "law")  # fmt: skip


def lookup(work: Work) -> None:
    """One new word over HTTP beside `encode([word])` in a loop, in turn."""
    model = LocalEmbedder(DEFAULT_MODEL)._model
    words = [f"{a} {b}" for a in ("red", "old", "small", "new") for b in work.texts("words_empath.csv", 200)]
    with served(work.store(TITLES, 20_000)) as server:
        server.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in TOPICS]})
        plain, answered = [], []
        for word in words:
            plain.append(seconds(lambda word=word: model.encode([word])))
            answered.append(seconds(lambda word=word: server.call("GET", "/v1/topics/nearest", text=word)))
        show("encode([word])", plain[50:])
        show("GET /v1/topics/nearest", answered[50:])
        print(f"  ratio of the medians {statistics.median(answered[50:]) / statistics.median(plain[50:]):.2f}")


def recall(work: Work) -> None:
    """Neighbours over HTTP against exact search over all vectors, on 181,394 titles."""
    store = work.store(TITLES, 200_000)
    opened = Store.open(Settings(data=store))
    pages = list(opened.words.pages())
    opened.close()
    ids, vectors = [word.id for words, _ in pages for word in words], np.vstack([rows for _, rows in pages])
    position = {id: i for i, id in enumerate(ids)}
    asked = work.texts("headlines_clickbait32k.csv.gz", 300)
    exact = LocalEmbedder(DEFAULT_MODEL).embed(asked) @ vectors.T
    with served(store) as server:
        server.wait_until_warm(len(ids))
        times, hits = [], 0
        for text, scores in zip(asked, exact, strict=True):
            answer: dict = {}
            times.append(
                seconds(
                    lambda text=text, answer=answer: answer.update(
                        server.call("GET", "/v1/words/nearest", text=text, k=10)
                    )
                )
            )
            least = np.sort(scores)[-10] - 1e-3  # the model rounds differently in a batch
            hits += sum(scores[position[match["id"]]] >= least for match in answer["matches"])
        show(f"GET /v1/words/nearest among {len(ids)}", times)
        print(f"  recall@10 {hits / (10 * len(asked)):.4f}, peak memory of the server {server.memory():.0f} MB")


def classify(work: Work) -> None:
    """The topic of every stored word as one stream, from a warm server."""
    store = work.store(TITLES, 200_000)
    with served(store) as server:
        server.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in TOPICS]})
        words = server.call("GET", "/v1/info")["counts"]["words"]
        server.wait_until_warm(words)
        lines: list[int] = []
        times = [
            seconds(lambda: lines.append(server.raw("GET", "/v1/topics/words").count(b"\n")))
            for _ in range(work.rounds)
        ]
        if set(lines) != {words}:
            raise SystemExit(f"{lines} lines of {words} words")
        print(
            f"  {words} words, {len(TOPICS)} topics: {statistics.median(times):.2f} s from request to last byte, n {len(times)}"
        )
