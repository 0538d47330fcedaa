"""`topicdex doctor`: what is wrong with the store, and its repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from indexer.commands.options import json_option, settings_options
from indexer.commands.printing import print_json, say
from indexer.settings import DEFAULT_MODEL, model_name

if TYPE_CHECKING:
    from indexer.embedders import Embedder
    from indexer.embedders.spending import Spending
    from indexer.settings import Settings
    from indexer.store.doctor import Examination
    from indexer.store.store import Store


@click.command()
@click.option("--repair", "mend", is_flag=True, help="examine every word and mend what is wrong; cut off, run it again")
@click.option("--yes", is_flag=True, help="let --all and --repair embed for money, and --repair remove blank words")
@click.option("--sample", type=click.IntRange(1), default=1000, show_default=True, help="words to examine")
@click.option("--all", "everything", is_flag=True, help="examine every word; prove vectors of an earlier version")
@settings_options(("data", "chroma_url", "wait", "model", "trust_remote_code", "revision"))
@json_option
def doctor(mend: bool, yes: bool, sample: int, everything: bool, as_json: bool, settings: Settings) -> int:
    """Compare what is stored with what can be found, and say what is wrong and what mends it.

    Exit code 0: nothing is wrong, or all is mended; 1: something is.

    The checksums of an earlier version do not prove a vector. --all and --repair embed such texts again, once, and
    note new checksums. Without these options nothing is written and no model is loaded.

    --repair needs the space of the store a second time. With --all and --repair on a Chroma server, let nobody else
    write meanwhile; restart the topicdex servers after a repair.
    """
    from indexer.embedders.spending import Spending
    from indexer.store.store import Store

    spending = Spending(settings, run=True)
    store = Store.open(settings, create=False, damaged=True)
    try:
        spending.keep(store.costs)
        sample_size = None if everything or mend else sample
        found = _examined(store, settings, spending, mend=mend, yes=yes, sample=sample_size)
    finally:
        spending.close()
        store.close()
    if as_json:
        findings = [{"code": f.code, "count": f.count, "what": f.what, "mend": f.mend} for f in found.findings]
        counts = {"words": found.words, "examined": found.examined, "unproven": found.unproven}
        print_json({"healthy": found.healthy, **counts, "findings": findings})
    else:
        _print(found, click.echo)
    return 0 if found.healthy else 1


def _examined(
    store: Store, settings: Settings, spending: Spending, *, mend: bool, yes: bool, sample: int | None
) -> Examination:
    """Examine a store and do what the options ask for; return what is found after it."""
    from indexer.embedders import as_stored, load_embedder
    from indexer.store.doctor import examine
    from indexer.store.repair import Repair

    found = examine(store, sample)
    if mend and found.count("cut"):
        _print(found, say)
        store.discard_cut_off()
        found = examine(store, None)
    named = settings.model or DEFAULT_MODEL

    def load(name: str) -> Embedder:
        stored = store.model()
        loading = as_stored(settings, stored if stored is not None and stored.name == model_name(name) else None)
        return load_embedder(settings.model_to_load(name), loading, spending=spending)

    repair = Repair(store, found, named, load, say)
    can_prove = bool(found.unproven) and (yes or not repair.costs_money)
    if mend and (can_prove or not found.healthy):
        _print(found, say)
        repair.check(yes=yes)
        repair.run()
        return examine(store, None)
    if sample is None and can_prove:
        repair.prove()
        return examine(store, None)
    return found


def _print(found: Examination, line: Callable[[str], None]) -> None:
    from indexer.store.doctor import agree

    for finding in found.findings:
        line(str(finding))
    if found.unproven:
        unproven = (
            "{vector has|vectors have} an older checksum that is no proof; --all embeds {its text|their texts} again"
        )
        line(f"{found.unproven} {agree(found.unproven, unproven)}, for money with --yes")
    of = "" if found.examined == found.words else f" of {found.words}"
    words = agree(found.words, "{word|words}")
    line(f"{found.examined}{of} {words} examined, {len(found.findings) or 'nothing'} wrong")
