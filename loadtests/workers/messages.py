"""What master and workers tell each other, as custom messages of Locust's.

For each block: the master sends PREPARE with a part of the plan, a worker answers READY, all hear GO at once, each sends a
PART of its tally twice a second and DONE at the end. `block` numbers the blocks: what is late for one counts for none.
"""

from typing import Any, TypeVar

import msgspec

from loadtests.generator.tally import Event
from loadtests.load import BlockResult, LoadPlan

PREPARE, READY, GO, PART, DONE = "prepare", "ready", "go", "part", "done"
PORT = 5557  # Locust's own
Content = TypeVar("Content", bound=msgspec.Struct)


class Prepare(msgspec.Struct):
    """A worker's part of a plan, to be made ready."""

    block: int
    plan: LoadPlan


class Told(msgspec.Struct):
    """READY, from a worker, and GO, from the master."""

    block: int


class Part(msgspec.Struct):
    """What a worker counted since its last part. number: 0, 1, 2 … within the block, so that none counts twice."""

    block: int
    number: int
    counts: list[tuple[Event, int]]


class Done(msgspec.Struct):
    """A worker has told all. cpu: its share of a core. measured: the whole block, where one worker offered all of it."""

    block: int
    cpu: float
    measured: BlockResult | None = None


def sent(content: msgspec.Struct) -> dict[str, bytes]:
    """Return a message's content as Locust takes it."""
    return {"content": msgspec.msgpack.encode(content)}


def heard(message: Any, kind: type[Content]) -> Content:
    """Return the content of a message of Locust's."""
    return msgspec.msgpack.decode(message.data["content"], type=kind)


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of HOST or HOST:PORT. Raise ValueError if it is neither."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, PORT
    if not host or not 0 < int(port) < 2**16:
        raise ValueError(text)
    return host, int(port)
