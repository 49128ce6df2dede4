"""Records that wait for one function, from a stream or as single invocations. queues.py has the backlog of a queue."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from random import Random
from typing import Protocol

from .functions import Function
from .record_sources import Record

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reader:
    """A function and its event source settings from the template."""

    function: Function
    wanted: Callable[[Record], bool]
    batch: int = 1
    partial: bool = False  # ReportBatchItemFailures is on

    def invoke(self, batch: Sequence[Record]) -> AbstractSet[str]:
        """Invoke the function with a batch. Return the identifiers of the records to deliver again."""
        answer = self.function.invoke({"Records": list(batch)}) or {}
        if not self.partial:
            return NONE  # AWS ignores reported failures unless the mapping turns them on
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        every = identifiers(batch)
        return failed if failed <= every else every


class Backlog(Protocol):
    """The records that wait for one function from one source."""

    @property
    def reader(self) -> Reader: ...

    @property
    def most_tries(self) -> int:
        """Return the maximum number of deliveries of a record."""

    def take(self, most: int | None = None) -> list[Record]:
        """Return the next batch of at most `most` records, empty if nothing waits. Call `settle` with it afterwards."""

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        """Remove a batch that was taken, except the failed records."""

    def shuffle(self, chance: Random) -> None:
        """Reorder the records in a random way that AWS allows."""

    def is_waiting(self) -> bool:
        """Return whether `take` returns a batch."""


class StreamBacklog:
    """The records of each shard of a stream, in order. A failed record blocks the rest of its shard."""

    most_tries = 11  # the templates' MaximumRetryAttempts, and the first one

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.shard_of = shard_of
        self._shards: dict[str, list[Record]] = {}
        self._busy: set[str] = set()  # shards with a batch that is not settled

    def put(self, record: Record) -> None:
        if self.reader.wanted(record):
            self._shards.setdefault(self.shard_of(record), []).append(record)

    def take(self, most: int | None = None) -> list[Record]:
        shard = next(self._free(), None)
        if shard is None:
            return []
        self._busy.add(shard)
        return self._shards[shard][: least(self.reader.batch, most)]

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        places = [place for place, record in enumerate(batch) if identifier(record) in failed]
        done = min(places, default=len(batch))  # the first failed record and all after it come again
        shard = self.shard_of(batch[0])
        self._busy.remove(shard)
        del self._shards[shard][:done]
        if not self._shards[shard]:
            del self._shards[shard]

    def shuffle(self, chance: Random) -> None:
        shards = list(self._shards.items())
        chance.shuffle(shards)
        self._shards = dict(shards)

    def is_waiting(self) -> bool:
        return next(self._free(), None) is not None

    def _free(self) -> Iterator[str]:
        return (shard for shard in self._shards if shard not in self._busy)


class InvocationBacklog:
    """The events of a topic or a bucket: one invocation each, in any order."""

    most_tries = 3  # Lambda's default for asynchronous invocations

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._waiting: list[Record] = []

    def put(self, record: Record) -> None:
        if self.reader.wanted(record):
            self._waiting.append(record)

    def take(self, most: int | None = None) -> list[Record]:
        return [self._waiting.pop(0)] if self._waiting else []

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        self._waiting += [record for record in batch if identifier(record) in failed]

    def shuffle(self, chance: Random) -> None:
        chance.shuffle(self._waiting)

    def is_waiting(self) -> bool:
        return bool(self._waiting)


def identifier(record: Record) -> str:
    """Return the identifier by which a function reports that this record failed."""
    if "messageId" in record:
        return str(record["messageId"])
    if "Sns" in record:
        return str(record["Sns"]["MessageId"])
    if "s3" in record:
        return str(record["s3"]["object"]["sequencer"])
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def identifiers(batch: Sequence[Record]) -> AbstractSet[str]:
    return {identifier(record) for record in batch}


def shard_of(record: Record) -> str:
    """Return the shard of a record. moto has one shard per table stream."""
    return str(record["eventID"]).partition(":")[0] if "kinesis" in record else ""


def least(batch: int, most: int | None) -> int:
    """Return the smaller of a batch size and an optional limit."""
    return batch if most is None else min(batch, most)
