"""Imports over HTTP: a file is sent, and followed while it is indexed."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract.imports import Import, ImportList
from server.context import answer, context, started
from server.problems import V1, answers
from server.schemas import IdPath, NoQuery, WaitQuery
from server.uploads import FileBody, FileQuery, receive


class ImportQuery(FileQuery, WaitQuery):
    """What the file is called, which columns hold the text and the id, and how long to wait for the end."""

    id_column: str | None = None


imports = APIBlueprint(
    "imports", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Imports")]
)


@imports.post("/imports", responses={**answers(Import, *V1, "too_large", "too_many_jobs"), 202: Import})
def start_import(query: ImportQuery, raw: FileBody) -> Response:
    """Index the words of a file of at most 128 MB: 202 at once, 200 where it has ended within `wait` seconds.

    The body is the file as it is (.txt, .csv, .tsv, .jsonl or .parquet, each also .gz); any `Content-Type` is taken. It
    is read to its end before anything is embedded, so a broken line costs nothing; then it is indexed as by
    `topicdex index`. The record is in the memory of one process: it ends with that, another worker of the same server
    answers 404, and what was indexed stays.
    """
    file = receive(query.name)
    queue = context().jobs.imports
    try:
        id = queue.submit(lambda: queue.kind.create(file, query.text_column, query.id_column))
    except BaseException:
        file.stream.close()
        raise
    return started(queue, id, query.wait, "imports.get_import")


@imports.get("/imports", responses=answers(ImportList, *V1))
def list_imports(query: NoQuery) -> Response:
    """List the imports that this process knows, newest first; of those that have ended the last 50."""
    return answer(context().jobs.imports.kind.listed())


@imports.get("/imports/<id>", responses=answers(Import, *V1, "not_found"))
def get_import(path: IdPath, query: NoQuery) -> Response:
    """Show one import: how far it is, or what it did. Another worker of the same server answers 404."""
    return answer(context().jobs.imports.kind.get(path.id))


@imports.delete("/imports/<id>", responses=answers(None, *V1, "not_found", status=204))
def delete_import(path: IdPath, query: NoQuery) -> Response:
    """Cancel an import that is queued or running, forget one that has ended; what is on disk stays."""
    context().jobs.imports.remove(path.id)
    return Response(status=204)
