"""Feedback over HTTP, in a function of its own. Twin: monolith/feedback/routes.py."""

from collections.abc import Collection

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.edge import Answer, answer, body, caller, query
from microservices.feedback.store import DynamoFeedback
from shared_domain import feedback
from shared_domain.contract.feedback import NewFeedback, feedback_asked, receipt_json
from shared_domain.contract.parsing import given


def routes(store: DynamoFeedback, *, administrators: Collection[str]) -> APIGatewayHttpRouter:
    room = APIGatewayHttpRouter()

    @room.post("/feedback")
    def give_feedback() -> Answer:
        """Keep what somebody has to say."""
        form = body(room.current_event, NewFeedback)
        moment = now()
        said = feedback.compose(**given(form), id=new_id(moment), now=moment)
        store.add(said)  # network
        return answer(receipt_json(said), 201)

    @room.get("/feedback")
    def list_feedback() -> Answer:
        """Show an administrator a page of it, newest first."""
        feedback.opened_by(caller(room.current_event), administrators=administrators)
        asked = feedback_asked(query(room.current_event))
        found = store.page(before=asked.before, limit=asked.limit + 1)  # network
        return answer(asked.page(found))

    return room
