"""`topicdex info`: what is stored, and the snapshot beside it."""

import json

from indexer import Settings
from indexer.store.store import Store
from tests.commands.conftest import write
from tests.store.test_snapshots import take


def test_the_snapshot_is_shown_with_its_size(call, index, store):
    index(write("a.txt", "fruit a\nfruit b\n"))
    opened = Store.open(Settings(data=store))
    opened.snapshots.drop()
    opened.close()
    assert "snapshot\tnone" in call("info")[1].splitlines()
    assert json.loads(call("info", "--json")[1])["snapshot"] is None
    opened = Store.open(Settings(data=store))
    take(opened)
    opened.close()
    (line,) = [line for line in call("info")[1].splitlines() if line.startswith("snapshot\t")]
    assert line.startswith("snapshot\t2 words, 0.0 MB, 20")
    shown = json.loads(call("info", "--json")[1])["snapshot"]
    assert shown["words"] == 2 and shown["bytes"] > 2 * 8 * 4 and set(shown) == {"words", "bytes", "created"}
