"""How long a map takes and what it keeps, how far a refit moves the words, and which texts are off the map.

Beside it umap-learn and openTSNE, where they are installed, on a sample of the same words.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from indexer.contract.maps import MapQuality, MapSettings
from indexer.embedders import load_embedder
from indexer.maps.drawing import Drawing, Drawn, draw
from indexer.maps.quality import quality
from indexer.records import Word
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.store.store import Store
from indexer.vectors import Vectors
from indexer.words.rows import RecentRows, View
from scripts.benchmarks.machine import TITLES, Work

SAMPLE = 20_000


def mapping(work: Work) -> None:
    """All titles: a map by 5,000, 10,000 and 20,000 landmarks, 5 % more words, a refit; others on 20,000 words."""
    vectors = _vectors(work.store(TITLES, 1_000_000))
    vectors = vectors[np.random.default_rng(5).permutation(len(vectors))]
    first = len(vectors) * 100 // 105
    for landmarks in (5_000, 10_000, 20_000):
        begun = _drawn(vectors[:first], landmarks, None)
        begin = time.perf_counter()
        placed = begun.drawing.place_all(view(vectors), lambda share: None)
        taken = time.perf_counter() - begin
        moved = int((placed.positions[:first] != begun.placed.positions).any(axis=1).sum())
        print(
            f"  5 % more: {moved} of {first} words moved; {len(vectors) / taken:.0f} words placed a second", flush=True
        )
        _drawn(vectors, landmarks, begun.drawing)
        if landmarks == 5_000:
            _far(work, begun.drawing, vectors[first:])
    _others(vectors[:SAMPLE])


def view(vectors: Vectors) -> View:
    """Return a view of words with these vectors."""
    rows = RecentRows()
    for i, vector in enumerate(vectors):
        rows.append(Word(text="", id=f"{i:07}"), vector, i)
    return View(None, rows.words, list(rows.blocks), rows.places, rows.alive())


def _vectors(store: Path) -> Vectors:
    opened = Store.open(Settings(data=store))
    try:
        return np.vstack([vectors for _, vectors in opened.words.pages()])
    finally:
        opened.close()


def _drawn(vectors: Vectors, landmarks: int, start: Drawing | None) -> Drawn:
    """Draw a map, and print how long it took."""
    words = view(vectors)
    begin, cpu = time.perf_counter(), time.process_time()
    found = draw(words, MapSettings(landmarks=landmarks, start=None), start, lambda share: None)
    taken, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(
        f"  {'refit' if start else 'map'} of {len(vectors)} words by {landmarks} landmarks: {taken:.1f} s ({cpu:.1f} s of processor), "
        f"{_kept(found.quality)}, far {found.far:.2%}, moved {found.moved}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return found


def _kept(found: MapQuality) -> str:
    return f"{found.neighbours_kept:.3f} of 15 neighbours kept, trustworthiness {found.trustworthiness:.3f}"


def _far(work: Work, drawing: Drawing, new: Vectors) -> None:
    """Which share of new titles, English words, texts in another language and strings of letters is off the map."""
    letters = np.random.default_rng(0)
    noise = ["".join(map(chr, letters.integers(97, 123, size=12))) for _ in range(500)]
    chinese = [
        f"今天{place}的{thing}很好"
        for place in ("北京", "上海", "学校", "公园")
        for thing in ("天气", "音乐", "饭菜", "电影")
    ]
    embedder = load_embedder(DEFAULT_MODEL, Settings())
    print(f"  reach {drawing.reach:.3f}; far: new titles {drawing.place(new).far.mean():.1%}", end="")
    for what, texts in (
        ("words", work.texts("unlabelled_wamerican_words.csv", 1_000)),
        ("Chinese", chinese),
        ("strings", noise),
    ):
        print(f", {what} {drawing.place(embedder.embed(texts)).far.mean():.1%}", end="")
    print(flush=True)


def _others(vectors: Vectors) -> None:
    """umap-learn and openTSNE with their defaults, and ours, on the same words."""
    _drawn(vectors, 5_000, None)
    _drawn(vectors, len(vectors), None)
    for package, make in (("umap", _umap), ("openTSNE", _opentsne)):
        try:
            module = importlib.import_module(package)
        except ImportError:
            print(f"  {package} is not installed")
            continue
        begin = time.perf_counter()
        points = make(module)(vectors)
        taken = time.perf_counter() - begin
        low, size = points.min(axis=0), np.ptp(points, axis=0).max()
        positions = np.asarray((points - low) / size * 65_535, dtype=np.uint16)
        print(
            f"  {package} on {len(vectors)} words: {taken:.1f} s, {_kept(quality(vectors, positions, lambda share: None))}",
            flush=True,
        )


def _umap(module: Any) -> Callable[[Vectors], Any]:
    return module.UMAP(metric="cosine", random_state=42).fit_transform


def _opentsne(module: Any) -> Callable[[Vectors], Any]:
    return lambda vectors: np.asarray(module.TSNE(metric="cosine", random_state=42, n_jobs=2).fit(vectors))
