"""Examinations of the store over HTTP, which change nothing."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract.checkups import Checkup, CheckupList
from server.context import answer, context, started
from server.problems import V1, answers
from server.schemas import IdPath, NoQuery, WaitQuery

doctor = APIBlueprint("doctor", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Doctor")])


@doctor.post("/doctor", responses={**answers(Checkup, *V1, "too_many_jobs"), 202: Checkup})
def start_checkup(query: WaitQuery) -> Response:
    """Examine every word, the topics and the clusterings: 202 at once, 200 where it has ended within `wait` seconds.

    It changes nothing. `topicdex doctor --repair` mends what it finds, once the server has ended. The record is in the
    memory of one process: it ends with that, and another worker of the same server answers 404.
    """
    queue = context().jobs.checkups
    return started(queue, queue.submit(queue.kind.create), query.wait, "doctor.get_checkup")


@doctor.get("/doctor", responses=answers(CheckupList, *V1))
def list_checkups(query: NoQuery) -> Response:
    """List the examinations that this process knows, newest first; of those that have ended the last 50."""
    return answer(context().jobs.checkups.kind.listed())


@doctor.get("/doctor/<id>", responses=answers(Checkup, *V1, "not_found"))
def get_checkup(path: IdPath, query: NoQuery) -> Response:
    """Show one examination: how far it is, or what it found. Another worker of the same server answers 404."""
    return answer(context().jobs.checkups.kind.get(path.id))


@doctor.delete("/doctor/<id>", responses=answers(None, *V1, "not_found", status=204))
def delete_checkup(path: IdPath, query: NoQuery) -> Response:
    """Cancel an examination that is queued or running, forget one that has ended."""
    context().jobs.checkups.remove(path.id)
    return Response(status=204)
