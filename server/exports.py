"""The whole corpus over HTTP, as a file that is made while it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract.exports import ExportFormat
from server.context import engine, streamed
from server.problems import V1, answers
from server.schemas import Query

_ZIP = "application/zip"
_TYPES: Mapping[ExportFormat, tuple[str, str]] = {  # the content type, and the ending of the file's name
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "numpy": (_ZIP, "zip"),
    "projector": (_ZIP, "zip"),
}
_FILE: dict[str, Any] = {
    "description": "The file; it is whole where the answer ends as HTTP says it does",
    "content": {kind.split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind, _ in _TYPES.values()},
}


class ExportQuery(Query):
    """What kind of file."""

    format: ExportFormat


exports = APIBlueprint(
    "exports", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Exports")]
)


@exports.get("/export", responses={**answers(None, *V1, "too_many_jobs"), 200: _FILE})
def export(query: ExportQuery) -> Response:
    """Give all words with their metadata, topics, clusters and places on the map as one stream, of one moment.

    `parquet` and `numpy` (a zip of `vectors.npy` and `words.parquet`) have the vectors too, and `projector` is a zip of
    what TensorFlow's Embedding Projector loads. In `csv` a text that a spreadsheet would compute has an apostrophe in
    front. A server reads `parquet` and `csv` back as they were (POST /v1/imports).
    """
    kind, ending = _TYPES[query.format]
    response = streamed(lambda: engine().export(query.format), kind)
    response.headers["Content-Disposition"] = f'attachment; filename="topicdex-{query.format}.{ending}"'
    return response
