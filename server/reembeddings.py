"""The change of the store's model over HTTP: start it, follow it, go back, and forget what lies beside."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract.reembeddings import Reembedding, ReembeddingList
from server.context import answer, context, engine, started
from server.problems import BODY, V1, answers
from server.schemas import Body, IdPath, NoQuery, Unicode, WaitQuery

_PATIENCE_S = 30.0  # for the end of a job that is cancelled: one batch


class ReembeddingIn(Body):
    """The model to change to, by a name that the operator has put into TOPICDEX_MODELS."""

    model: Unicode


reembeddings = APIBlueprint(
    "reembeddings", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Reembeddings")]
)
GOING_BACK = answers(Reembedding, *V1, "not_found", "too_many_jobs")


@reembeddings.post("/reembeddings", responses={**answers(Reembedding, *BODY, "too_many_jobs"), 202: Reembedding})
def start_reembedding(query: WaitQuery, body: ReembeddingIn) -> Response:
    """Embed all words and topics by another model, then answer by it: 202 at once, 200 where it has ended in `wait` s.

    Lookups are answered by the old model until the new vectors are whole; these are kept to go back to. Cut off, the
    same call goes on. Thresholds come along, though scores mean something else then: calibrate anew.
    """
    queue = context().jobs.reembeddings
    return started(queue, queue.submit(lambda: queue.kind.create(body.model)), query.wait, _SHOWN)


@reembeddings.post("/reembeddings/back", responses={**GOING_BACK, 202: Reembedding})
def start_going_back(query: WaitQuery) -> Response:
    """Answer by the model before again; words that have changed since are embedded by it first."""
    queue = context().jobs.reembeddings
    return started(queue, queue.submit(queue.kind.create_back), query.wait, _SHOWN)


@reembeddings.post("/reembeddings/forget", responses=answers(ReembeddingList, *V1, "not_found", "conflict"))
def forget_vectors(query: NoQuery) -> Response:
    """Remove the vectors beside those in use, kept or begun; not while the model is being changed."""
    engine().reembeddings.forget()
    return answer(context().jobs.reembeddings.kind.listed())


@reembeddings.post("/reembeddings/abandon", responses=answers(ReembeddingList, *V1, "not_found", "conflict"))
def abandon_reembeddings(query: NoQuery) -> Response:
    """Cancel the change of the model where one is queued or running, and remove what was begun."""
    queue = context().jobs.reembeddings
    for id in [record.id for record in queue.kind.all() if not record.ended]:
        queue.remove(id)
        queue.wait(id, _PATIENCE_S)
    engine().reembeddings.abandon()
    return answer(queue.kind.listed())


@reembeddings.get("/reembeddings", responses=answers(ReembeddingList, *V1))
def list_reembeddings(query: NoQuery) -> Response:
    """Show the model in use, what lies beside its vectors, and the reembeddings that this process knows."""
    return answer(context().jobs.reembeddings.kind.listed())


@reembeddings.get("/reembeddings/<id>", responses=answers(Reembedding, *V1, "not_found"))
def get_reembedding(path: IdPath, query: NoQuery) -> Response:
    """Show one reembedding: how far it is, or how it ended. Another worker of the same server answers 404."""
    return answer(context().jobs.reembeddings.kind.get(path.id))


@reembeddings.delete("/reembeddings/<id>", responses=answers(None, *V1, "not_found", status=204))
def delete_reembedding(path: IdPath, query: NoQuery) -> Response:
    """Cancel a reembedding that is queued or running, forget one that has ended; what was embedded stays."""
    context().jobs.reembeddings.remove(path.id)
    return Response(status=204)


_SHOWN = "reembeddings.get_reembedding"
