"""Exports over HTTP: what each format is called, who may read how many, and a stream that breaks."""

import csv
import io
import zipfile
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.contract.exports import FILES
from indexer.errors import ServerUnavailable
from indexer.remote import Remote
from server.context import MOST_STREAMS
from tests.conftest import serving
from tests.server.http import add, is_problem


@pytest.mark.parametrize(
    ("format", "kind", "name"),
    [
        ("parquet", "application/vnd.apache.parquet", "topicdex-parquet.parquet"),
        ("csv", "text/csv; charset=utf-8", "topicdex-csv.csv"),
        ("numpy", "application/zip", "topicdex-numpy.zip"),
        ("projector", "application/zip", "topicdex-projector.zip"),
    ],
)
def test_a_format_has_its_type_and_a_file_name(stocked, format, kind, name):
    answer = stocked.get(f"/v1/export?format={format}")
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    if format in FILES:
        assert tuple(zipfile.ZipFile(io.BytesIO(answer.data)).namelist()) == FILES[format]
    elif format == "csv":
        assert len(list(csv.reader(io.StringIO(answer.text)))) == 5
    else:
        assert answer.data.startswith(b"PAR1") and answer.data.endswith(b"PAR1")
    answer.close()  # for as many streams as are read, another is refused


@pytest.mark.parametrize("query", ["", "?format=xlsx", "?format=csv&limit=1"])
def test_another_format_is_refused(stocked, query):
    is_problem(stocked.get(f"/v1/export{query}"), 422, "invalid_request")


def test_readers_who_stop_reading_do_not_take_every_thread(client):
    add(client, "fruit a")
    stalled = [client.get(f"/v1/export?format={format}") for format in ("csv", "parquet", "numpy", "projector")]
    assert len(stalled) == MOST_STREAMS
    is_problem(client.get("/v1/export?format=csv"), 429, "too_many_jobs")
    for response in stalled:
        response.close()
    assert client.get("/v1/export?format=csv").status_code == 200


def test_an_export_that_is_refused_takes_no_stream(client):
    for start in range(0, 1001, 50):
        word = {"text": f"fruit {start}", "metadata": {f"name {start + i}": 1 for i in range(50)}}
        assert client.post("/v1/words", json={"words": [word]}).status_code == 200
    for _ in range(MOST_STREAMS + 1):
        assert "1000 names" in is_problem(client.get("/v1/export?format=csv"), 422, "invalid_request")["detail"]


def test_an_export_that_breaks_off_is_an_error_of_who_reads_it(settings, model, monkeypatch):
    def broken(self, format):
        yield b"PAR1"
        raise OSError("the disk is gone")

    monkeypatch.setattr(Engine, "export", broken)
    with serving(settings, model) as url, Remote(replace(settings, model=None), url) as remote:
        parts = remote.export("parquet")
        with pytest.raises(ServerUnavailable, match="does not answer"):
            b"".join(parts)
