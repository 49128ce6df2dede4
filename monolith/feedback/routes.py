"""Feedback over HTTP, in one process and one transaction. Twin: microservices/feedback/routes.py."""

from collections.abc import Collection

from flask import Blueprint, request

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, body, query
from monolith.feedback.store import KeptFeedback
from shared_domain import feedback
from shared_domain.contract.feedback import NewFeedback, parse_feedback_query, receipt_json
from shared_domain.contract.parsing import sent_fields


def routes(unit_of_work: UnitOfWork[KeptFeedback], caller: Caller, *, administrators: Collection[str]) -> Blueprint:
    blueprint = Blueprint("feedback", __name__)

    @blueprint.post("/feedback")
    def give_feedback() -> Answer:
        """Keep what somebody has to say."""
        form = body(request, NewFeedback)
        moment = now()
        said = feedback.compose(**sent_fields(form), id=new_id(moment), now=moment)
        with unit_of_work() as work:
            work.feedback.add(said)
        return answer(receipt_json(said), 201)

    @blueprint.get("/feedback")
    def list_feedback() -> Answer:
        """Show an administrator a page of it, newest first."""
        feedback.require_administrator(caller(request), administrators=administrators)
        asked = parse_feedback_query(query(request))
        with unit_of_work() as work:
            found = work.feedback.page(before=asked.before, limit=asked.limit + 1)
        return answer(asked.page(found))

    return blueprint
