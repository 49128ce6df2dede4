"""Feedback over HTTP, in one process and one transaction. Twin: microservices/feedback/routes.py."""

from collections.abc import Collection

from flask import Blueprint

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Response, body, current_user, query, respond
from monolith.feedback.store import SqlFeedback
from shared_domain import feedback
from shared_domain.contract.feedback import NewFeedback, parse_feedback_query, receipt_json
from shared_domain.contract.parsing import sent_fields


def routes(unit_of_work: UnitOfWork[SqlFeedback], *, administrators: Collection[str]) -> Blueprint:
    blueprint = Blueprint("feedback", __name__)

    @blueprint.post("/feedback")
    def give_feedback() -> Response:
        """Store feedback from anybody."""
        form = body(NewFeedback)
        moment = now()
        message = feedback.compose(**sent_fields(form), id=new_id(moment), now=moment)
        with unit_of_work() as store:
            store.add(message)
        return respond(receipt_json(message), 201)

    @blueprint.get("/feedback")
    def list_feedback() -> Response:
        """Return a page of feedback to an administrator, newest first."""
        feedback.require_administrator(current_user(), administrators=administrators)
        feedback_query = parse_feedback_query(query())
        with unit_of_work() as store:
            items = store.page(before=feedback_query.before, limit=feedback_query.limit + 1)
        return respond(feedback_query.page_json(items))

    return blueprint
