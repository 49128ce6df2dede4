"""The event sources, their subscribers, and the backlogs of the functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .backlogs import Backlog, InvocationBacklog, Reader, StreamBacklog
from .event_filters import by_kind_and_key, by_patterns, by_policy
from .functions import Function
from .queues import QueueBacklog, subscribed_queue
from .record_sources import Bucket, KinesisStream, Record, Source, TableStream, Topic

Properties = dict[str, Any]
Put = Callable[[Record], None]
STREAMED: Mapping[str, Callable[[str], Source]] = {"dynamodb": TableStream, "kinesis": KinesisStream}


@dataclass
class EventRouting:
    """The event sources with their subscribers, and the backlogs of the functions."""

    sources: dict[str, tuple[Source, list[Put]]] = field(default_factory=dict)
    backlogs: list[Backlog] = field(default_factory=list)

    def map(self, function: Function, arn: str, properties: Properties) -> None:
        """Connect a stream or a queue to a function, by the properties of an event source mapping."""
        reader = Reader(
            function,
            wanted=by_patterns(properties.get("FilterCriteria", {})),
            batch=int(properties.get("BatchSize", 10)),
            partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        )
        service = arn.split(":")[2]
        if service == "sqs":
            self.backlogs.append(QueueBacklog(reader, arn))
            return
        backlog = StreamBacklog(reader)
        self.backlogs.append(backlog)
        self._follow(arn, source=STREAMED[service], put=backlog.put)

    def subscribe_function(self, topic: str, function: Function, subscription: Properties) -> None:
        """Subscribe a function to a topic."""
        self._invoke(topic, source=Topic, reader=Reader(function, by_policy(subscription)))

    def subscribe_queue(self, topic: str, queue: str, subscription: Properties) -> None:
        """Subscribe a queue to a topic."""
        wanted = by_policy(subscription)
        put = subscribed_queue(queue, raw=str(subscription.get("RawMessageDelivery")).lower() == "true")
        self._follow(topic, source=Topic, put=lambda record: put(record) if wanted(record) else None)

    def notify(self, bucket: str, function: Function, *, events: str | list[str], chosen: Properties) -> None:
        """Connect the notifications of a bucket to a function."""
        self._invoke(bucket, source=Bucket, reader=Reader(function, by_kind_and_key(events, chosen)))

    def _invoke(self, arn: str, *, source: Callable[[str], Source], reader: Reader) -> None:
        backlog = InvocationBacklog(reader)
        self.backlogs.append(backlog)
        self._follow(arn, source=source, put=backlog.put)

    def _follow(self, arn: str, *, source: Callable[[str], Source], put: Put) -> None:
        if arn not in self.sources:
            self.sources[arn] = (source(arn), [])
        self.sources[arn][1].append(put)
