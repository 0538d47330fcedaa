"""`topicdex evaluate`, `calibrate`, `classify`: how right the answers are, when to give one, and all at once."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, STORE, NumberRange, answers, opens, prepared
from indexer.commands.printing import Output, Table, say
from indexer.errors import InputError, InvalidRequest
from indexer.records import LabelledText

if TYPE_CHECKING:
    from indexer.contract.evaluations import Rate, Trial
    from indexer.contract.service import Service

_SHARE = NumberRange(0, 1, min_open=True, max_open=True)
_PATH = click.Path(path_type=Path)
_text_column = click.option("--text-column", help="column of the text; else text, word or name")
_label_column = click.option("--label-column", help="column of the label; else label, topic or category")


def _labelled(file: Path, text_column: str | None, label_column: str | None) -> list[LabelledText]:
    from indexer.readers import read_labelled

    rows = list(read_labelled(file, text_column=text_column, label_column=label_column))
    kept = [row for row in rows if isinstance(row, LabelledText)]
    if len(kept) < len(rows):
        say(f"{len(rows) - len(kept)} rows skipped: they lack a text or a label")
    return kept


@click.command()
@click.argument("file", type=_PATH, metavar="LABELLED")
@_text_column
@_label_column
@prepared("rows", _labelled)
@answers(MODEL)
def evaluate(service: Service, rows: list[LabelledText]) -> Output:
    """Measure the answers on texts with their topics (label none or oos: they belong to no topic)."""
    evaluation = service.topics.evaluate(rows)
    rates = _rates("what", evaluation, "accuracy", "macro_f1", "coverage", "precision", "none_recall", "auroc")
    worst = sorted(evaluation.topics, key=lambda t: t.recall.value if t.recall.value is not None else 2)[:10]
    topics = [(t.topic, t.precision.value, t.recall.value, t.support) for t in worst]
    confused = [(c.truth or "none", c.given, c.count, " | ".join(c.examples)) for c in evaluation.confusions[:10]]
    return Output(
        evaluation,
        *(rates, "the intervals are of 95 %"),
        Table(("topic (the ten of lowest recall)", "precision", "recall", "rows"), topics),
        Table(("confusion", "answered", "texts", "for example"), confused),
    )


def _labelled_or_none(
    file: Path | None, background: bool, text_column: str | None, label_column: str | None
) -> list[LabelledText] | None:
    if (file is None) != background:
        raise click.UsageError("give a LABELLED file, or --background")
    return None if file is None else _labelled(file, text_column, label_column)


@click.command()
@click.argument("file", type=_PATH, metavar="[LABELLED]", required=False)
@click.option("--precision", type=_SHARE, default=0.9, show_default=True, help="share of answers that must be right")
@click.option("--background", is_flag=True, help="set a least score from the stored words alone, without labels")
@click.option("--dry-run", is_flag=True, help="show the thresholds, do not set them")
@_text_column
@_label_column
@prepared("rows", _labelled_or_none)
@answers(MODEL)
def calibrate(service: Service, rows: list[LabelledText] | None, precision: float, dry_run: bool) -> Output:
    """Set the thresholds below which the answer is none, from texts with their topics or from the stored words."""
    if rows is None:
        return _calibrate_without_labels(service, dry_run)
    calibration = service.topics.calibrate(rows, precision, apply=not dry_run)
    thresholds = calibration.thresholds
    own = f", {len(thresholds.topics)} topics with their own" if thresholds.topics else ""
    names = ("precision", "coverage", "precision_in_scope", "coverage_in_scope", "none_recall")
    return Output(
        calibration,
        f"criterion {calibration.criterion}: least score {_number(thresholds.score)}, "
        f"least margin {_number(thresholds.margin)}{own} {_set(dry_run)}",
        _rates("on rows the fit did not see", calibration.measured, *names),
        *calibration.messages,
    )


def _calibrate_without_labels(service: Service, dry_run: bool) -> Output:
    from indexer.contract.topics import Thresholds

    null = service.topics.null_scores()
    if not null.rows:
        raise InvalidRequest("a background needs stored words and at least 2 topics; index words and set topics")
    if not dry_run:
        service.topics.set_thresholds(Thresholds(score=null.threshold))
    return Output(
        {**null.model_dump(), "threshold": null.threshold},
        f"from {null.rows} stored words: least score {null.threshold:.3f} {_set(dry_run)}",
    )


@click.command()
@click.option("--topic", help="only the words of this topic")
@click.option("--out", type=_PATH, help="write to this file, not to standard output")
@opens(STORE)
def classify(service: Service, topic: str | None, out: Path | None) -> None:
    """Give the topic of every stored word, one JSON object a line."""
    lines = service.topics.classify(topic)
    lines = chain([next(lines, "")], lines)  # what is refused is refused before the file is touched
    if out is None:
        for chunk in lines:
            sys.stdout.write(chunk)
        return
    try:
        with out.open("w", encoding="utf-8") as file:
            count = sum(file.write(chunk) and chunk.count("\n") for chunk in lines)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}); give another --out") from error
    say(f"{count} words written to {out}")


def _rates(title: str, trial: Trial, *names: str) -> Table:
    rates: list[tuple[str, Rate]] = [(name.replace("_", " "), getattr(trial, name)) for name in names]
    rows = [(name, rate.value, rate.low, rate.high, rate.n) for name, rate in rates]
    return Table((title, "value", "from", "to", "rows"), rows)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _set(dry_run: bool) -> str:
    return "(not set)" if dry_run else "(set)"
