"""`topicdex doctor`: what is wrong with the store, and mending it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from indexer.commands.options import json_option, settings_options
from indexer.commands.printing import print_json, say

if TYPE_CHECKING:
    from indexer.settings import Settings
    from indexer.store.doctor import Examination


@click.command()
@click.option("--repair", "mend", is_flag=True, help="mend what is wrong; cut off, run it again")
@click.option("--yes", is_flag=True, help="let --repair embed for money, and remove words without a text")
@click.option("--sample", type=click.IntRange(1), default=1000, show_default=True, help="words to look at")
@click.option("--all", "everything", is_flag=True, help="look at every word, as --repair does")
@settings_options(("data", "chroma_url", "wait", "model", "trust_remote_code"))
@json_option
def doctor(mend: bool, yes: bool, sample: int, everything: bool, as_json: bool, settings: Settings) -> int:
    """Compare what is stored with what can be found, and say what is wrong and what mends it.

    Exit code 0: nothing is wrong, or all is mended; 1: something is. --repair needs the space of the store a second
    time; on a Chroma server let nobody else write meanwhile, and restart the topicdex servers after it.
    """
    from indexer.embedders import load_embedder
    from indexer.store.doctor import examine
    from indexer.store.repair import Repair
    from indexer.store.store import Store

    store = Store.open(settings, create=False, damaged=True)
    try:
        found = examine(store, None if everything or mend else sample)
        if mend and found.count("cut"):
            _show(found, say)
            store.discard_cut_off()
            found = examine(store, None)
        if mend and not found.healthy:
            _show(found, say)
            repair = Repair(
                store, found, settings.model, lambda name: load_embedder(replace(settings, model=name)), say
            )
            repair.check(yes=yes)
            repair.run()
            found = examine(store, None)
    finally:
        store.close()
    if as_json:
        print_json(
            {
                "healthy": found.healthy,
                "words": found.words,
                "examined": found.examined,
                "findings": [
                    {"code": f.code, "count": f.count, "what": f.what, "mend": f.mend} for f in found.findings
                ],
            }
        )
    else:
        _show(found, click.echo)
    return 0 if found.healthy else 1


def _show(found: Examination, line: Callable[[str], None]) -> None:
    for finding in found.findings:
        line(f"{finding.count} {finding.what}; {finding.mend}")
    of = "" if found.examined == found.words else f" of {found.words}"
    line(f"{found.examined}{of} words examined, {len(found.findings) or 'nothing'} wrong")
