"""`topicdex evaluate`, `calibrate`, `classify`: how right the answers are, when to give one, and all at once."""

import sys
from itertools import chain
from pathlib import Path
from typing import Any

import click

from indexer.commands.options import MODEL, STORE, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, print_table, say
from indexer.errors import InputError, InvalidRequest


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="LABELLED")
@click.option("--text-column", help="column of the text; else text, word or name")
@click.option("--label-column", help="column of the label; else label, topic or category")
@settings_options(MODEL)
@json_option
def evaluate(file: Path, text_column: str | None, label_column: str | None, as_json: bool, **flags: Any) -> None:
    """Measure the answers on texts with their topics (label none or oos: they belong to no topic)."""
    from indexer.connect import connect

    rows = _labelled(file, text_column, label_column)
    with connect(settings_of(flags), create=False) as engine:
        found = engine.topics.evaluate(rows)
    if as_json:
        print_json(found)
        return
    rates = ("accuracy", "macro_f1", "coverage", "precision", "none_recall", "auroc")
    print_table(("what", "value", "from", "to", "rows"), [_rate(name, getattr(found, name)) for name in rates])
    say("the intervals are of 95 %")
    worst = sorted(found.topics, key=lambda t: t.recall.value if t.recall.value is not None else 2)[:10]
    print_table(
        ("topic (the ten of lowest recall)", "precision", "recall", "rows"),
        [(t.topic, t.precision.value, t.recall.value, t.support) for t in worst],
    )
    print_table(
        ("confusion", "answered", "texts", "for example"),
        [(c.truth or "none", c.given, c.count, " | ".join(c.examples)) for c in found.confusions[:10]],
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="[LABELLED]", required=False)
@click.option("--precision", type=float, default=0.9, show_default=True, help="share of the answers that must be right")
@click.option("--background", is_flag=True, help="set a least score from the stored words alone, without labels")
@click.option("--dry-run", is_flag=True, help="show the thresholds, do not set them")
@click.option("--text-column", help="column of the text; else text, word or name")
@click.option("--label-column", help="column of the label; else label, topic or category")
@settings_options(MODEL)
@json_option
def calibrate(
    file: Path | None,
    precision: float,
    background: bool,
    dry_run: bool,
    text_column: str | None,
    label_column: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Set the thresholds below which the answer is none, from texts with their topics or from the stored words."""
    from indexer.connect import connect
    from indexer.contract import Thresholds

    if (file is None) != background:
        raise click.UsageError("give a LABELLED file, or --background")
    rows = [] if file is None else _labelled(file, text_column, label_column)
    with connect(settings_of(flags), create=False) as engine:
        if background:
            null = engine.topics.null_scores()
            if not null.rows:
                raise InvalidRequest(
                    "a background needs stored words and at least 2 topics; index words and set topics"
                )
            if not dry_run:
                engine.topics.set_thresholds(Thresholds(score=null.threshold))
            if as_json:
                print_json({**null.model_dump(), "threshold": null.threshold})
                return
            say(f"from {null.rows} stored words: least score {null.threshold:.3f} {_done(dry_run)}")
            return
        found = engine.topics.calibrate(rows, precision, apply=not dry_run)
    if as_json:
        print_json(found)
        return
    thresholds = found.thresholds
    own = f", {len(thresholds.topics)} topics with their own" if thresholds.topics else ""
    say(
        f"criterion {found.criterion}: least score {_number(thresholds.score)}, "
        f"least margin {_number(thresholds.margin)}{own} {_done(dry_run)}"
    )
    trial = found.measured
    names = ("precision", "coverage", "precision_in_scope", "coverage_in_scope", "none_recall")
    print_table(
        ("on rows the fit did not see", "value", "from", "to", "rows"),
        [_rate(name, getattr(trial, name)) for name in names],
    )
    for message in found.messages:
        say(message)


@click.command()
@click.option("--topic", help="only the words of this topic")
@click.option("--out", type=click.Path(path_type=Path), help="write to this file, not to standard output")
@settings_options(STORE)
def classify(topic: str | None, out: Path | None, **flags: Any) -> None:
    """Give the topic of every stored word, one JSON object a line."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        lines = engine.topics.classify(topic)
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


def _labelled(file: Path, text_column: str | None, label_column: str | None) -> list[Any]:
    from indexer.readers import read_labelled
    from indexer.records import LabelledText

    rows = list(read_labelled(file, text_column=text_column, label_column=label_column))
    kept = [row for row in rows if isinstance(row, LabelledText)]
    if len(kept) < len(rows):
        say(f"{len(rows) - len(kept)} rows skipped: they lack a text or a label")
    return kept


def _rate(name: str, rate: Any) -> tuple[str, Any, Any, Any, Any]:
    return name.replace("_", " "), rate.value, rate.low, rate.high, rate.n


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _done(dry_run: bool) -> str:
    return "(not set)" if dry_run else "(set)"
