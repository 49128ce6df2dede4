"""Feedback over HTTP, in a function of its own. Twin: monolith/feedback/routes.py."""

from collections.abc import Collection

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.edge import Answer, answer, body, caller, query
from microservices.feedback.store import DynamoFeedback
from shared_domain import feedback
from shared_domain.contract.feedback import NewFeedback, parse_feedback_query, receipt_json
from shared_domain.contract.parsing import sent_fields


def routes(store: DynamoFeedback, *, administrators: Collection[str]) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/feedback")
    def give_feedback() -> Answer:
        """Keep what somebody has to say."""
        form = body(router.current_event, NewFeedback)
        moment = now()
        said = feedback.compose(**sent_fields(form), id=new_id(moment), now=moment)
        store.add(said)  # network
        return answer(receipt_json(said), 201)

    @router.get("/feedback")
    def list_feedback() -> Answer:
        """Show an administrator a page of it, newest first."""
        feedback.require_administrator(caller(router.current_event), administrators=administrators)
        asked = parse_feedback_query(query(router.current_event))
        found = store.page(before=asked.before, limit=asked.limit + 1)  # network
        return answer(asked.page(found))

    return router
