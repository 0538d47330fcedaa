"""`topicdex topic`, `similar`, `matrix`: ask about texts, which are not stored."""

from typing import Any

import click

from indexer.commands.options import MODEL, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, print_table, say
from indexer.errors import InvalidRequest
from indexer.records import text_problem
from indexer.settings import DEFAULT_MODEL


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@click.option("-k", type=click.IntRange(1, 1000), default=2, show_default=True, help="topics to show")
@settings_options(MODEL)
@json_option
def topic(texts: tuple[str, ...], k: int, as_json: bool, **flags: Any) -> None:
    """Find the topic of each TEXT."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        results = engine.topics.nearest(_checked(texts), k)
    if as_json:
        print_json(results)
        return
    if any(result.reason == "no_topics" for result in results):
        say("no topics are set; give some with `topicdex topics set FILE`")
    print_table(
        ("text", "topic", "score", "margin", "reason", "next"),
        [
            (
                r.text,
                r.topic,
                r.score,
                r.margin,
                r.reason,
                ", ".join(f"{m.topic} {m.score:.3f}" for m in r.matches if m.topic != r.topic),
            )
            for r in results
        ],
    )


@click.command()
@click.argument("text")
@click.option("-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="words to show")
@settings_options(MODEL)
@json_option
def similar(text: str, k: int, as_json: bool, **flags: Any) -> None:
    """Find the stored words nearest to TEXT."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        result = engine.words.nearest(_checked((text,)), k)[0]
    if as_json:
        print_json(result)
        return
    print_table(("score", "text", "id"), [(m.score, m.text, m.id) for m in result.matches])


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@settings_options(("server", "model", "trust_remote_code"))
@json_option
def matrix(texts: tuple[str, ...], as_json: bool, **flags: Any) -> None:
    """Compare every TEXT with every other: the table of their cosines."""
    from indexer.connect import connect_server
    from indexer.embedders import load_embedder
    from indexer.words.similarity import similarity

    rows = _checked(texts)  # before the model is loaded
    settings = settings_of(flags)
    if settings.server:
        with connect_server(settings, settings.server) as remote:
            result = remote.similarity(rows)
    else:
        model = load_embedder(settings.model or DEFAULT_MODEL, trust_remote_code=settings.trust_remote_code)
        result = similarity(model.embed, rows)
    if as_json:
        print_json(result)
        return
    print_table(
        ("", *result.columns),
        [(row, *cosines) for row, cosines in zip(result.rows, result.matrix, strict=True)],
    )


def _checked(texts: tuple[str, ...]) -> list[str]:
    for text in texts:
        if reason := text_problem(text):
            raise InvalidRequest(f"{text!r}: {reason}; give a text with something in it")
    return list(texts)
