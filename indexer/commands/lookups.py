"""`topicdex topic`, `similar`, `matrix`: ask about texts, which are not stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, answers, prints, settings_options
from indexer.commands.printing import Output, Table
from indexer.records import valid_text
from indexer.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from indexer.contract.service import Service
    from indexer.contract.words import Similarity
    from indexer.settings import Settings


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...", type=valid_text)
@click.option("-k", type=click.IntRange(1, 1000), default=2, show_default=True, help="topics to show")
@answers(MODEL)
def topic(service: Service, texts: tuple[str, ...], k: int) -> Output:
    """Find the topic of each TEXT."""
    answers = service.topics.nearest(texts, k)
    rows = []
    for a in answers:
        others = ", ".join(f"{m.topic} {m.score:.3f}" for m in a.matches if m.topic != a.topic)
        rows.append((a.text, a.topic, a.score, a.margin, a.reason, others))
    table = Table(("text", "topic", "score", "margin", "reason", "next"), rows)
    if any(answer.reason == "no_topics" for answer in answers):
        return Output(answers, "no topics are set; give some with `topicdex topics set FILE`", table)
    return Output(answers, table)


@click.command()
@click.argument("text", type=valid_text)
@click.option("-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="words to show")
@answers(MODEL)
def similar(service: Service, text: str, k: int) -> Output:
    """Find the stored words nearest to TEXT."""
    answer = service.words.nearest([text], k)[0]
    return Output(answer, Table(("score", "text", "id"), [(m.score, m.text, m.id) for m in answer.matches]))


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...", type=valid_text)
@click.option("--html", type=click.Path(path_type=Path), help="write a page that opens offline to this file")
@settings_options(("server", "model", "trust_remote_code", "revision"))
@prints
def matrix(texts: tuple[str, ...], html: Path | None, settings: Settings) -> Output:
    """Compare every TEXT with every other: the table of their cosines."""
    similarity = _similarity(texts, settings)
    if html is not None:
        return Output(similarity, _write_page(html, similarity))
    rows = [(row, *cosines) for row, cosines in zip(similarity.rows, similarity.matrix, strict=True)]
    return Output(similarity, Table(("", *similarity.columns), rows))


def _write_page(path: Path, similarity: Similarity) -> str:
    """Write the matrix as one HTML file, and return what to say of it."""
    from indexer.commands.files import write_whole
    from server.single_file import single_file

    data = {"title": "How alike the texts are", **similarity.model_dump()}
    styles = ("css/tokens.css", "css/base.css", "css/parts.css")
    size = write_whole(path, (part.encode() for part in single_file(data["title"], "js/matrix/file.js", styles, data)))
    return f"{path} is written: {size / 1e3:,.0f} KB"


def _similarity(texts: tuple[str, ...], settings: Settings) -> Similarity:
    """Return the cosines from the server that the settings name, or else from the model alone, without a store."""
    if settings.server:
        from indexer.connect import connect

        with connect(settings) as service:
            return service.similarity(texts)
    from indexer.embedders import load_embedder
    from indexer.words.similarity import similarity

    model = load_embedder(settings.model or DEFAULT_MODEL, settings)
    return similarity(model.embed, texts)
