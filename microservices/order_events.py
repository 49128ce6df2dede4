"""What rooms tell each other of an order: the stage that it came to, and how it went there. Who changes a form, changes a contract.

    order.<stage>   an event on the topic: every field of Order, lines and all
    outcome         a message to the saga's queue: {"order_id", "buyer", "stage", "done"}

The monolith has no such file: there, it is a call and what it returns.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from microservices.events import Publish
from shared_domain.orders import Order, Stage

_OF_A_STAGE = "order."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether what a stage of an order asks for was done, or refused."""

    order_id: str
    buyer: str
    stage: Stage
    done: bool


class _Event(msgspec.Struct):
    type: str


def tell(publish: Publish, order: Order) -> None:
    """Tell whoever subscribed to it that the order came to its stage."""
    publish(_OF_A_STAGE + order.stage, msgspec.to_builtins(order))


def answering(
    sqs: Any, saga_queue_url: str, stages: Collection[Stage], settle: Callable[[Order], bool]
) -> Callable[[str], None]:
    """Return what hears an event: where an order came to one of the stages, it settles that and tells the saga how it went.

    The saga is told again whenever the event comes again: the function may have ended between settling and telling. An event of
    anything else is passed over. Raise what msgspec raises for an event that cannot be read.
    """
    mine = {_OF_A_STAGE + stage for stage in stages}

    def hear(event: str) -> None:
        if msgspec.json.decode(event, type=_Event).type not in mine:
            return
        order = msgspec.json.decode(event, type=Order)
        outcome = Outcome(order_id=order.id, buyer=order.buyer, stage=order.stage, done=settle(order))
        sqs.send_message(QueueUrl=saga_queue_url, MessageBody=msgspec.json.encode(outcome).decode())

    return hear


def outcome_in(message: str) -> Outcome:
    """Return the outcome that a message tells. Raise msgspec.ValidationError or DecodeError where it tells none."""
    return msgspec.json.decode(message, type=Outcome)
