"""What services tell each other of an order, by events on the topic. Who changes a form, changes a contract.

    order.<stage>    an order came to a stage: every field of Order, lines and all
    order.answered   what a stage asks for was done, or refused: every field of Outcome

The monolith has no such file: there, it is a call and what it returns.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec

from microservices.events import Publish, type_of
from shared_domain.orders import Order, Stage

_OF_A_STAGE = "order."
_ANSWERED = "order.answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether what a stage of an order asks for was done, or refused."""

    order_id: str
    buyer: str
    stage: Stage
    done: bool


def tell(publish: Publish, order: Order) -> None:
    """Tell whoever subscribed to it that the order came to its stage."""
    publish(_OF_A_STAGE + order.stage, msgspec.to_builtins(order))


def answering(publish: Publish, stages: Collection[Stage], *, settle: Callable[[Order], bool]) -> Callable[[str], None]:
    """Return what hears an event: where an order came to one of the stages, it settles that and tells how it went.

    It is told again whenever the event comes again: the function may have ended between settling and telling. An event of
    anything else is passed over. Raise what msgspec raises for an event that cannot be read.
    """
    mine = {_OF_A_STAGE + stage for stage in stages}

    def hear(event: str) -> None:
        if type_of(event) not in mine:
            return
        order = msgspec.json.decode(event, type=Order)
        outcome = Outcome(order_id=order.id, buyer=order.buyer, stage=order.stage, done=settle(order))
        publish(_ANSWERED, msgspec.to_builtins(outcome))

    return hear


def parse_outcome(event: str) -> Outcome | None:
    """Return the outcome that an event tells, None where it tells of something else.

    Raise msgspec.ValidationError or DecodeError where it cannot be read.
    """
    return msgspec.json.decode(event, type=Outcome) if type_of(event) == _ANSWERED else None
