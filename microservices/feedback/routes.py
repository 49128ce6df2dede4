"""Feedback over HTTP, in a function of its own. Twin: monolith/feedback/routes.py."""

from collections.abc import Collection

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.edge import Response, body, current_user, query, respond
from microservices.feedback.store import DynamoFeedback
from shared_domain import feedback
from shared_domain.contract.feedback import NewFeedback, parse_feedback_query, receipt_json
from shared_domain.contract.parsing import sent_fields


def routes(store: DynamoFeedback, *, administrators: Collection[str]) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/feedback")
    def give_feedback() -> Response:
        """Store feedback from anybody."""
        form = body(NewFeedback)
        moment = now()
        message = feedback.compose(**sent_fields(form), id=new_id(moment), now=moment)
        store.add(message)  # network
        return respond(receipt_json(message), 201)

    @router.get("/feedback")
    def list_feedback() -> Response:
        """Return a page of feedback to an administrator, newest first."""
        feedback.require_administrator(current_user(), administrators=administrators)
        feedback_query = parse_feedback_query(query())
        items = store.page(before=feedback_query.before, limit=feedback_query.limit + 1)  # network
        return respond(feedback_query.page_json(items))

    return router
