"""`topicdex`, or `gunicorn` after that word, with the model of these tests: processes that start at once."""

import os
import sys

import indexer.embedders
from tests.model import AxisEmbedder

os.environ["TOPICDEX_MODEL"] = "axes"
indexer.embedders.load_embedder = lambda *_, **__: AxisEmbedder()  # before the engine is loaded, which takes it

if sys.argv[1:2] == ["gunicorn"]:
    del sys.argv[1]
    from gunicorn.app.wsgiapp import run as run_gunicorn

    sys.exit(run_gunicorn())
from indexer.cli import run  # noqa: E402

sys.exit(run(sys.argv[1:]))
