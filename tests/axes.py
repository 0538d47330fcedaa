"""`topicdex` with the model of these tests in the place of a real one: a process that starts at once."""

import os
import sys

import indexer.engine
from tests.conftest import AxisEmbedder

os.environ["TOPICDEX_MODEL"] = "axes"
indexer.engine.load_embedder = lambda *_, **__: AxisEmbedder()
from indexer.cli import run  # noqa: E402

sys.exit(run(sys.argv[1:]))
