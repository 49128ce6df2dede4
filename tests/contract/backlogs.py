"""What waits for a function: in a shard of a stream, or as an invocation of its own; in a queue: queues.py."""

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


class Backlog(Protocol):
    """What waits for one function from one source."""

    @property
    def reader(self) -> Reader: ...

    @property
    def most_tries(self) -> int:
        """How often a record is handed over at most; then it is given up."""

    def take(self, most: int | None = None) -> list[Record]:
        """Return the next batch, of `most` records if it is said; empty where nothing waits. It must be settled."""

    def settle(self, batch: Sequence[Record], failed: AbstractSet[str]) -> None:
        """Forget a batch that was taken, but for those records that must come again."""

    def shuffle(self, chance: Random) -> None:
        """Put what waits into any order in which AWS may deliver it."""

    def is_waiting(self) -> bool:
        """Tell whether there is something to take."""


class StreamBacklog:
    """A function's place in each shard of a stream: in order, and nothing goes on before what failed."""

    most_tries = 11  # the templates' MaximumRetryAttempts, and the first one

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.shard_of = shard_of
        self._shards: dict[str, list[Record]] = {}
        self._busy: set[str] = set()  # shards of which a batch is taken

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
        done = min(places, default=len(batch))  # from the first that failed on, all come again
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
    """A topic's or a bucket's events for a function: each an invocation by itself, in any order."""

    most_tries = 3  # of an asynchronous invocation, where nothing else is said

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
    """Return what tells the record from others; a function that reports a failure of it calls it so."""
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
    """Return the shard that a record is in: of a table's stream moto has one."""
    return str(record["eventID"]).partition(":")[0] if "kinesis" in record else ""


def least(batch: int, most: int | None) -> int:
    """Return how many records to take where a function takes `batch` and who hands over wants `most`, if anything."""
    return batch if most is None else min(batch, most)
