"""`topicdex`, or `gunicorn` after that word, with the model of these tests: processes that start at once."""

import os
import sys

from tests.model import AxisEmbedder, WideEmbedder

os.environ.setdefault("TOPICDEX_MODEL", "axes")
for name in {"indexer.embedders", "indexer.engine"} & sys.modules.keys():  # the engine takes it when it is loaded
    sys.modules[name].load_embedder = lambda name, *_, **__: WideEmbedder() if name == "wide" else AxisEmbedder()

if sys.argv[1:2] == ["gunicorn"]:
    del sys.argv[1]
    from gunicorn.app.wsgiapp import run as run_gunicorn

    sys.exit(run_gunicorn())
from indexer.cli import run  # noqa: E402

sys.exit(run(sys.argv[1:]))
