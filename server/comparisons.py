"""Comparisons of models over HTTP: started on texts that come along, followed, cancelled."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from indexer.contract.comparisons import MOST_MODELS, MOST_ROWS, Comparison, ComparisonList
from indexer.records import LabelledText
from server.context import answer, context, started
from server.problems import BODY, V1, answers
from server.schemas import WHOLE, Body, IdPath, NoQuery, Text, Unicode, WaitQuery


class RowIn(Body):
    """A text and its topic."""

    text: Text
    label: Unicode | None = None


class ComparisonIn(Body):
    """Models by their names, and texts; where no text has a label there are none, else one without has no topic."""

    models: Annotated[list[Unicode], Field(min_length=1, max_length=MOST_MODELS)]
    rows: Annotated[list[RowIn], Field(min_length=1, max_length=MOST_ROWS)]
    seed: Annotated[int, Field(ge=0, lt=2**32), WHOLE] = 42

    def labelled(self) -> list[LabelledText]:
        """Return the rows as the engine knows them."""
        return [LabelledText(row.text, row.label) for row in self.rows]


comparisons = APIBlueprint(
    "comparisons", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Comparisons")]
)


@comparisons.post("/comparisons", responses={**answers(Comparison, *BODY, "too_many_jobs"), 202: Comparison})
def start_comparison(query: WaitQuery, body: ComparisonIn) -> Response:
    """Compare models on texts: 202 at once, 200 where it has ended within `wait` seconds.

    Models are that of the store and those that the operator has named. One is loaded at a time; one that fails says
    why, and the others go on. Nothing is stored. The record is in the memory of one process: it ends with that, and
    another worker of the same server answers 404.
    """
    queue = context().jobs.comparisons
    asked = queue.kind.prepare(body.models, body.labelled(), body.seed)
    id = queue.submit(lambda: queue.kind.create(asked))
    return started(queue, id, query.wait, "comparisons.get_comparison")


@comparisons.get("/comparisons", responses=answers(ComparisonList, *V1))
def list_comparisons(query: NoQuery) -> Response:
    """List the comparisons that this process knows, newest first; of those that have ended the last 50."""
    return answer(context().jobs.comparisons.kind.listed())


@comparisons.get("/comparisons/<id>", responses=answers(Comparison, *V1, "not_found"))
def get_comparison(path: IdPath, query: NoQuery) -> Response:
    """Show one comparison: how far it is, and the figures of the models that are done."""
    return answer(context().jobs.comparisons.kind.get(path.id))


@comparisons.delete("/comparisons/<id>", responses=answers(None, *V1, "not_found", status=204))
def delete_comparison(path: IdPath, query: NoQuery) -> Response:
    """Cancel a comparison that is queued or running, forget one that has ended."""
    context().jobs.comparisons.remove(path.id)
    return Response(status=204)
