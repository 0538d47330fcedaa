"""`topicdex compare`: which model is best on one's own texts, at what cost, and what its similarities mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.files import write_whole
from indexer.commands.options import json_option, settings_options
from indexer.commands.printing import Output, Table, say
from indexer.commands.progress import job_progress
from indexer.errors import InputError
from indexer.records import LabelledText
from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.contract.comparisons import Compared

_PATH = click.Path(path_type=Path)
_SHOWN = 10  # disagreements on the terminal


@click.command()
@click.argument("file", type=_PATH, metavar="TEXTS")
@click.option("--model", "models", multiple=True, required=True, metavar="MODEL", help="a model; give it once for each")
@click.option("--no-labels", is_flag=True, help="the file has texts alone; a .txt file never has labels")
@click.option("--text-column", help="column of the text; else text, word or name")
@click.option("--label-column", help="column of the label; else label, topic or category")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="of what is drawn")
@click.option("--html", type=_PATH, help="write a page with tables and histograms to this file as well")
@settings_options(("trust_remote_code", "revision"))
@json_option
def compare(
    file: Path,
    models: tuple[str, ...],
    no_labels: bool,
    text_column: str | None,
    label_column: str | None,
    seed: int,
    html: Path | None,
    settings: Settings,
    as_json: bool,
) -> int:
    """Compare models on texts with their topics (label none or oos: they belong to no topic), or on texts alone.

    It needs no store and no server. The models run one after the other; of at most 20,000 rows. A model that fails is
    reported, and the exit code is 1.
    """
    rows = _rows(file, label_column, text_column, labelled=not no_labels)
    if html is not None:
        _check_writable(html)
    compared = _compared(rows, models, settings, seed)
    if html is not None:
        from indexer.comparison.page import page

        _write(html, page(f"Models compared on {file.name}", compared))
    _output(compared).show(as_json)
    failed = [model for model in compared.models if model.error is not None]
    for model in failed:
        say(f"topicdex: model_unavailable: {' '.join(f'{model.name}: {model.error}'.split())}")
    return 1 if failed else 0


def _compared(rows: list[LabelledText], models: tuple[str, ...], settings: Settings, seed: int) -> Compared:
    from indexer.comparison.candidates import candidate
    from indexer.comparison.comparing import check_names, compare
    from indexer.comparison.sample import sample_of

    candidates = [candidate(model, settings) for model in models]
    check_names([candidate.name for candidate in candidates])
    sample = sample_of(rows, seed)
    with job_progress("comparing") as progress:
        return compare(
            sample,
            candidates,
            progress=progress,
            on_model=lambda so_far: say(f"{so_far.models[-1].name} is {_ended(so_far)}"),
        )


def _ended(so_far: Compared) -> str:
    return "done" if so_far.models[-1].error is None else "not there"


def _rows(file: Path, label_column: str | None, text_column: str | None, *, labelled: bool) -> list[LabelledText]:
    from indexer.contract.comparisons import MOST_ROWS
    from indexer.readers import Skipped, read_labelled, read_words

    def unlabelled() -> Iterator[LabelledText | Skipped]:
        for word in read_words(file, text_column=text_column):
            yield word if isinstance(word, Skipped) else LabelledText(word.text, None)

    if labelled and not file.name.lower().removesuffix(".gz").endswith(".txt"):
        read = read_labelled(file, text_column=text_column, label_column=label_column)
    else:
        read = unlabelled()
    rows, skipped = list[LabelledText](), 0
    for row in read:
        if isinstance(row, Skipped):
            skipped += 1
        else:
            rows.append(row)
        if len(rows) > MOST_ROWS:
            break  # what compares them says so
    if skipped:
        say(f"{skipped} rows skipped: they lack a text or a label")
    return rows


def _output(compared: Compared) -> Output:
    from indexer.comparison import figure_rows as rows

    names = [model.name for model in compared.models]
    blocks: list[Table | str] = [Table(("figure", *names), rows.figure_rows(compared))]
    if compared.agreement:
        blocks.append(Table(("models", "same answer", "same nearest texts"), rows.agreement_rows(compared)))
    if compared.differences:
        columns = ("models", "figure", "difference", "p, test", "it is")
        blocks.append(Table(columns, rows.difference_rows(compared)))
    if compared.disagreements:
        blocks.append(Table(("text", "label", *names), rows.disagreement_rows(compared, _SHOWN)))
        blocks.append(f"{compared.disagreeing} texts like these; (!) contradicts the label")
    return Output(compared, *blocks, *compared.messages, "intervals in brackets are of 95 %")


def _check_writable(file: Path) -> None:
    """Refuse a page that cannot be written before the models run."""
    if not file.parent.is_dir() or file.is_dir():
        raise InputError(f"{file} cannot be written: there is no such folder, or it is one; give another --html")


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, [text.encode()])
    except InputError as error:
        say(f"{error}; the results follow all the same")
