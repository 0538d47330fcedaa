"""How fast and how well the stored words are clustered, beside scikit-learn on the same vectors in memory.

scikit-learn runs in this process, with every core; the server that clusters has one thread of BLAS and its own threads.
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info

from indexer.blocks import blas_threads
from indexer.clusters.kmeans import kmeans
from indexer.clusters.naming import name_clusters
from indexer.clusters.silhouette import silhouette
from indexer.settings import Settings
from indexer.store.store import Store
from scripts.benchmarks.machine import LARGE, TITLES, Work, new_text, seconds, show
from scripts.processes import Client, Server, serving

K = 20


def cluster(work: Work) -> None:
    """100,000 titles, k = 20; then auto k, lookups beside a clustering, the cluster of a new word, identity on 20,000."""
    store = work.store(LARGE, 100_000)
    texts, vectors = _words(store)
    _steps(work, texts, vectors)
    print(f"  threads of scikit-learn: {_threads()}")
    ratios, gaps = [], []
    with serving("--data", store) as server:
        begin = time.monotonic()
        cold = server.client.cluster(k=K, start=None)
        print(f"  cold, vectors read from the store: {time.monotonic() - begin:.1f} s after the server was ready")
        for _ in range(work.rounds):
            model = KMeans(K, n_init=1, random_state=0)
            theirs = seconds(lambda model=model: model.fit(vectors))
            done: dict = {}
            ours = seconds(lambda done=done: done.update(server.client.cluster(k=K, start=None)))
            ratios.append(ours / theirs)
            gaps.append(done["quality"]["score"] / _mean_cosine(vectors, model.labels_) - 1)
            print(
                f"  scikit-learn {theirs:.2f} s, topicdex with names {ours:.2f} s, ratio {ratios[-1]:.2f}, mean cosine {gaps[-1]:+.3%}",
                flush=True,
            )
        print(
            f"  median of {work.rounds}: ratio {statistics.median(ratios):.2f}, mean cosine {statistics.median(gaps):+.3%}; {[c['name'] for c in cold['clusters']][:5]}"
        )
        _beside(server)
    small = work.store(TITLES, 20_000)
    with serving("--data", small) as server:
        done = {}
        times = [seconds(lambda: done.update(server.client.cluster(k="auto", start=None))) for _ in range(work.rounds)]
        print(f"  auto k on 20,000: {statistics.median(times):.1f} s, k {done['k']}, clear {done['clear']}")
    _identity(work)


def large(work: Work) -> None:
    """500,000 titles: seconds and peak memory beside 100,000."""
    for size in (100_000, 500_000):
        with serving("--data", work.store(LARGE, size)) as server:
            bare = server.memory()
            server.wait_until_warm()
            loaded = server.memory()
            times = [seconds(lambda server=server: server.client.cluster(k=K, start=None)) for _ in range(work.rounds)]
            print(
                f"  {size}: {statistics.median(times):.2f} s; peak memory {bare:.0f} MB when ready, {loaded:.0f} MB with the words read, "
                f"{server.memory():.0f} MB after the clusterings; the vectors are {size * 384 * 4 / 2**20:.0f} MB",
                flush=True,
            )


def _steps(work: Work, texts: list[str], vectors: np.ndarray) -> None:
    """What each step of a clustering takes in this process, with one thread of BLAS as in a server."""
    times: dict[str, list[float]] = {"k-means": [], "names": [], "silhouette": []}
    rows = slice(None, None, max(1, len(vectors) // 2_000))
    with blas_threads.one():
        found = kmeans(vectors, K)
        for _ in range(max(5, work.rounds)):
            times["k-means"].append(seconds(lambda: kmeans(vectors, K)))
            times["names"].append(seconds(lambda: name_clusters(texts, found.labels, found.scores)))
            times["silhouette"].append(seconds(lambda: silhouette(vectors[rows], found.labels[rows])))
    for step, taken in times.items():
        show(step, taken)


def _threads() -> dict[str, int]:
    return {library["internal_api"]: library["num_threads"] for library in threadpool_info()}


def _beside(server: Server) -> None:
    """Lookups while clusterings are made, and the cluster of a new word beside its topic."""
    server.client.call(
        "PUT", "/v1/topics", {"topics": [{"name": name} for name in ("sport", "music", "politics", "science")]}
    )
    idle = show("topic lookup, idle", _ask(server, "/v1/topics/nearest", 300))
    nearest = show("cluster lookup, idle", _ask(server, "/v1/clusters/nearest", 300))
    print(f"  ratio cluster / topic {nearest / idle:.2f}")
    stop = threading.Event()

    def recluster() -> None:
        other = Client(server.url)
        while not stop.is_set():
            other.cluster(k=K, start=None)

    thread = threading.Thread(target=recluster)
    thread.start()
    busy = show("topic lookup beside a clustering", _ask(server, "/v1/topics/nearest", 300))
    stop.set()
    thread.join()
    print(f"  ratio busy / idle {busy / idle:.2f}")


def _identity(work: Work) -> None:
    """20,000 titles, then 5 % more: how many clusters keep id and name."""
    titles = work.texts(TITLES, 21_000)
    with serving("--data", work.store(TITLES, 20_000)) as server:
        before = server.client.cluster(k=K, seed=7, start=None)
        new = titles[20_000:]
        server.client.call("POST", "/v1/words", {"words": [{"text": text} for text in new]})
        after = server.client.cluster(k=K, seed=7)
        fresh = server.client.cluster(k=K, seed=7, start=None)
        ids = server.client.call("POST", "/v1/words", {"words": [{"text": text} for text in new]})["ids"]
        server.client.call("POST", "/v1/words/delete", {"ids": ids})
    kept = {(c["id"], c["name"]) for c in before["clusters"]} & {(c["id"], c["name"]) for c in after["clusters"]}
    change = after["quality"]["score"] / fresh["quality"]["score"] - 1
    print(f"  identity: {len(kept)} of {K} clusters keep id and name, mean cosine {change:+.3%} against a fresh start")


def _ask(server: Server, path: str, n: int) -> list[float]:
    return [seconds(lambda: server.client.call("GET", path, text=new_text())) for _ in range(n)]


def _words(store: Path) -> tuple[list[str], np.ndarray]:
    opened = Store.open(Settings(data=store))
    try:
        pages = list(opened.words.pages())
        return [word.text for words, _ in pages for word in words], np.vstack([vectors for _, vectors in pages])
    finally:
        opened.close()


def _mean_cosine(vectors: np.ndarray, labels: np.ndarray) -> float:
    centres = np.vstack([vectors[labels == i].mean(axis=0) for i in range(K)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return float((vectors * centres[labels]).sum(axis=1).mean())
