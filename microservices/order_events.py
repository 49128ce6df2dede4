"""The events by which three services settle an order. Their fields are a contract between services.

    order.<stage>    an order reached a stage: every field of Order, its lines included
    order.answered   the step of that stage succeeded or was refused: every field of Outcome

The monolith has no such file: a step is a function call there, and its outcome the return value.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from microservices.events import Publish, parse_type
from shared_domain.orders import Order, Stage

_STAGE_PREFIX = "order."
_OUTCOME_TYPE = "order.answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the step of an order's stage succeeded (`done`) or was refused."""

    order_id: str
    buyer: str
    stage: Stage
    done: bool


def publish_stage(publish: Publish, order: Order) -> None:
    """Publish that the order reached its stage."""
    publish(_STAGE_PREFIX + order.stage, msgspec.to_builtins(order))


def make_step_handler(
    publish: Publish, stages: Collection[Stage], *, execute_step: Callable[[Order], bool]
) -> Callable[[str], None]:
    """Return a function that handles an event: for an order at one of the stages, it executes the step and publishes the outcome.

    A repeated event publishes the outcome again, because the function may have stopped between the step and its outcome.
    Events of other types are ignored. Raise msgspec.ValidationError or DecodeError for an event that cannot be read.
    """
    handled_types = {_STAGE_PREFIX + stage for stage in stages}

    def handle_event(event: str) -> None:
        if parse_type(event) not in handled_types:
            return
        order = msgspec.json.decode(event, type=Order)
        outcome = Outcome(order_id=order.id, buyer=order.buyer, stage=order.stage, done=execute_step(order))
        publish(_OUTCOME_TYPE, msgspec.to_builtins(outcome))

    return handle_event


def parse_outcome(event: str) -> Outcome | None:
    """Return the outcome that an event reports, or None for an event of another type.

    Raise msgspec.ValidationError or DecodeError for an event that cannot be read.
    """
    return msgspec.json.decode(event, type=Outcome) if parse_type(event) == _OUTCOME_TYPE else None
