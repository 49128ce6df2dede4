"""What waits for a function: in a shard of a stream, in a queue, or as an invocation of its own."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

from moto.sqs.models import sqs_backends

from .functions import Function
from .makers import ACCOUNT, REGION
from .queues import message_record
from .sources import Record

INVISIBLE_S = 60
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads from a source, and how, by the settings of the template."""

    function: Function
    wanted: Callable[[Record], bool]
    batch: int = 1
    partial: bool = False  # it reports which records of a batch failed

    def invoke(self, batch: Sequence[Record]) -> AbstractSet[str]:
        """Hand a batch to the function; return which of its records must come again."""
        answer = self.function.invoke({"Records": list(batch)}) or {}
        if not self.partial:
            return NONE  # as on AWS: who does not say that failures are reported, is not asked for any
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        every = identifiers(batch)
        return failed if failed <= every else every


class Inbox(Protocol):
    """What waits for one function from one source."""

    reader: Reader

    def take(self) -> list[Record]:
        """Return the next batch, empty where nothing waits."""

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        """Forget a batch that was handed over, but for those records that must come again."""


@dataclass
class StreamInbox:
    """A function's place in each shard of a stream: in order, and nothing goes on before what failed."""

    reader: Reader
    shard_of: Callable[[Record], str] = lambda record: (
        record["eventID"].partition(":")[0] if "kinesis" in record else ""
    )
    shards: dict[str, list[Record]] = field(default_factory=dict)

    def put(self, record: Record) -> None:
        if self.reader.wanted(record):
            self.shards.setdefault(self.shard_of(record), []).append(record)

    def take(self) -> list[Record]:
        return next((self.of_shard(shard) for shard, waiting in self.shards.items() if waiting), [])

    def of_shard(self, shard: str) -> list[Record]:
        """Return the next batch of a shard."""
        return self.shards[shard][: self.reader.batch]

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        places = [place for place, record in enumerate(batch) if identifier(record) in failed]
        done = min(places, default=len(batch))  # from the first that failed on, all come again
        if done:
            del self.shards[self.shard_of(batch[0])][:done]


@dataclass
class InvocationInbox:
    """A topic's or a bucket's events for a function: each an invocation by itself, in any order."""

    reader: Reader
    waiting: list[Record] = field(default_factory=list)

    def put(self, record: Record) -> None:
        if self.reader.wanted(record):
            self.waiting.append(record)

    def take(self) -> list[Record]:
        return self.waiting[:1]

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        if not failed:
            self.waiting = [record for record in self.waiting if record is not batch[0]]


class QueueInbox:
    """A queue: moto keeps it, counts how often a message is received, and moves it to the dead letters after too many."""

    def __init__(self, reader: Reader, arn: str) -> None:
        self.reader = reader
        self._arn = arn
        self._name = arn.rpartition(":")[2]

    def take(self) -> list[Record]:
        received = self._backend.receive_message(
            self._name, self.reader.batch, 0, INVISIBLE_S, message_attribute_names=["All"]
        )
        records = [message_record(message, self._arn) for message in received]
        wanted = [record for record in records if self.reader.wanted(record)]
        self.settle([record for record in records if record not in wanted], NONE)
        return wanted if wanted or not records else self.take()

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        for record in batch:
            if record["messageId"] in failed:
                self._backend.change_message_visibility(self._name, record["receiptHandle"], -1)
            else:
                self._backend.delete_message(self._name, record["receiptHandle"])

    @property
    def _backend(self) -> Any:
        return sqs_backends[ACCOUNT][REGION]


def identifier(record: Record) -> str:
    """Return what a function calls the record where it reports that it failed."""
    if "messageId" in record:
        return str(record["messageId"])
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def identifiers(batch: Sequence[Record]) -> AbstractSet[str]:
    return {identifier(record) for record in batch}
