"""`topicdex`, or `gunicorn` after that word, with the model of these tests: processes that start at once."""

import os
import sys

given = {name: value for name, value in os.environ.items() if name.startswith("TOPICDEX_")}  # the tests' own clear it
import indexer.engine  # noqa: E402
from tests.conftest import AxisEmbedder  # noqa: E402

os.environ.update(given, TOPICDEX_MODEL="axes")
indexer.engine.load_embedder = lambda *_, **__: AxisEmbedder()

if sys.argv[1:2] == ["gunicorn"]:
    del sys.argv[1]
    from gunicorn.app.wsgiapp import run as run_gunicorn

    sys.exit(run_gunicorn())
from indexer.cli import run  # noqa: E402

sys.exit(run(sys.argv[1:]))
