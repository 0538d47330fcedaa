"""How right the answers are where people gave more than names: five examples a topic, and labelled texts to calibrate on."""

from __future__ import annotations

import csv
import random
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarks.machine import Work, timed
from scripts.processes import TOPICDEX, Server, serving

NONE = "oos"
_EACH = 5


def examples(work: Work) -> None:
    """CLINC150 with five labelled examples an intent, the rest of its training texts unlabelled: accuracy in scope."""
    by_label: dict[str, list[str]] = {}
    for text, label in _rows(work.data / "clinc150_train.csv"):
        by_label.setdefault(label, []).append(text)
    asked = [row for row in _rows(work.data / "clinc150_test.csv") if row[1] != NONE]
    plain, grown = [], []
    for seed in range(3):
        draw = random.Random(seed)
        given = {label: draw.sample(texts, _EACH) for label, texts in by_label.items() if label != NONE}
        shown = {text for texts in given.values() for text in texts}
        rest = [text for texts in by_label.values() for text in texts if text not in shown]
        with serving("--data", _fresh(work)) as server:
            topics = [{"name": _name(label), "examples": texts} for label, texts in sorted(given.items())]
            _fill(server, topics, rest)
            plain.append(_accuracy(server, asked, prototypes="label"))
            _adapt(server)
            grown.append(_accuracy(server, asked))
        print(f"  seed {seed}: means of what was given {plain[-1]:.4f}, grown {grown[-1]:.4f}", flush=True)
    print(f"  mean: {statistics.mean(plain):.4f}, grown {statistics.mean(grown):.4f}")


def calibrate(work: Work) -> None:
    """CLINC150, adapted, thresholds for a precision of 0.9 on its validation texts: what its test texts then get."""
    train = _rows(work.data / "clinc150_train.csv")
    validation, asked = _rows(work.data / "clinc150_val.csv"), _rows(work.data / "clinc150_test.csv")
    names = sorted({_name(label) for _, label in train if label != NONE})
    with serving("--data", _fresh(work)) as server:
        _fill(server, [{"name": name} for name in names], [text for text, _ in train])
        _adapt(server)
        labelled = str(work.data / "clinc150_val.csv")
        told = timed([*TOPICDEX, "calibrate", labelled, "--precision", "0.9", "--server", server.url]).output
        answers = _answers(server, asked)
    print("  " + "\n  ".join(told.strip().splitlines()[:4]))
    inside = [(answer, label) for answer, (_, label) in zip(answers, asked, strict=True) if label != NONE]
    outside = [answer for answer, (_, label) in zip(answers, asked, strict=True) if label == NONE]
    answered = [answer["topic"] == _name(label) for answer, label in inside if answer["topic"] is not None]
    let_in = sum(answer["topic"] is not None for answer in outside)
    share = sum(label == NONE for _, label in validation) / sum(label != NONE for _, label in validation)
    weight = share * len(inside) / len(outside)  # of one such text, were they as rare as in validation
    print(f"  in scope: precision {statistics.mean(answered):.4f} at a coverage of {len(answered) / len(inside):.4f}")
    print(f"  out of scope: {1 - let_in / len(outside):.4f} answered none")
    print(f"  precision with both, at validation's share: {sum(answered) / (len(answered) + weight * let_in):.4f}")


def _rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _name(label: str) -> str:
    return label.replace("_", " ")


def _fresh(work: Work) -> Path:
    folder = work.folder / "answering"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _fill(server: Server, topics: list[dict], texts: Sequence[str]) -> None:
    server.client.call("PUT", "/v1/topics", {"topics": topics})
    for i in range(0, len(texts), 1000):
        server.client.call("POST", "/v1/words", {"words": [{"text": text} for text in texts[i : i + 1000]]})


def _adapt(server: Server) -> None:
    run = server.client.cluster(around="topics")
    server.client.call("POST", f"/v1/clusterings/{run['id']}/activate", {})


def _answers(server: Server, asked: Sequence[tuple[str, str]], **query: str) -> list[dict]:
    texts = [text for text, _ in asked]
    return [
        answer
        for i in range(0, len(texts), 1000)
        for answer in server.client.call("POST", "/v1/topics/nearest", {"texts": texts[i : i + 1000]}, **query)[
            "results"
        ]
    ]


def _accuracy(server: Server, asked: Sequence[tuple[str, str]], **query: str) -> float:
    answers = _answers(server, asked, **query)
    right = [answer["matches"][0]["topic"] == _name(label) for answer, (_, label) in zip(answers, asked, strict=True)]
    return statistics.mean(right)
