"""Put the id of a request into every log line of its function."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

Event = dict[str, Any]
Result = TypeVar("Result")


def with_request_id(handler: Callable[[Event, Any], Result]) -> Callable[[Event, Any], Result]:
    """Return the Lambda handler with the ids of the event in every line that it logs.

    `request_id` is the id in the access log of the API. An event without one has Lambda's own id there.
    `function_request_id` is Lambda's id, as in the lines that Lambda writes itself: START, REPORT, a time-out.
    """
    log = Logger()  # the loggers of a process share their keys

    @wraps(handler)
    def handle(event: Event, context: Any) -> Result:
        own = _lambda_id(context)
        log.append_keys(request_id=_gateway_id(event) or own, function_request_id=own)
        return handler(event, context)

    return handle


def _gateway_id(event: Event) -> str | None:
    request_id: str | None = event.get("requestContext", {}).get("requestId")
    return request_id


def _lambda_id(context: Any) -> str | None:
    match context:
        case object(aws_request_id=str(request_id)):
            return request_id
    return None  # a test or a benchmark calls without a context
