"""Direct access to the tables, queues and functions of a deployed stage, as an operator has it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from microservices.deploy.local_aws import LocalAws
from microservices.replay import replay
from tests.contract.client import Json
from tests.contract.search_terms import new_word

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeployedStage:
    """The tables, queues and functions of the deployed stage, without the API."""

    stack: LocalAws

    def name(self, resource: str) -> str:
        return f"{self.stack.deployment.stage}-{resource}"

    def put(self, table: str, *items: Item) -> None:
        """Write items directly, also malformed ones that no function writes."""
        requests = [{"PutRequest": {"Item": item}} for item in items]
        self._client("dynamodb").batch_write_item(RequestItems={self.name(table): requests})

    def delete(self, table: str, item: Item) -> None:
        key = {name: item[name] for name in ("pk", "sk")}
        self._client("dynamodb").delete_item(TableName=self.name(table), Key=key)

    def get(self, table: str, key: Item) -> Item:
        """Return an item."""
        response = self._client("dynamodb").get_item(TableName=self.name(table), Key=key, ConsistentRead=True)
        item: Item = response["Item"]
        return item

    @contextmanager
    def corrupted(self, table: str, key: Item, attribute: str, value: Item) -> Iterator[None]:
        """Replace an attribute of an item for the duration of the block."""
        before = self.get(table, key)
        self.put(table, {**before, attribute: value})
        try:
            yield
        finally:
            self.put(table, before)

    def queue(self, queue: str) -> str:
        return str(self._client("sqs").get_queue_url(QueueName=self.name(queue))["QueueUrl"])

    def send(self, queue: str, *bodies: str) -> None:
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
        self._client("sqs").send_message_batch(QueueUrl=self.queue(queue), Entries=entries)

    def messages(self, queue: str, about: str) -> list[Json]:
        """Return the queue's messages that contain this id, without deleting them."""
        request = {"QueueUrl": self.queue(queue), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        messages: list[Json] = self._client("sqs").receive_message(**request).get("Messages", [])
        return [message for message in messages if about in message["Body"]]

    def repair(self, queue: str, about: str, change: Callable[[Json], None]) -> None:
        """Change a parked record in its queue, as an operator would."""
        (message,) = self.messages(queue, about)
        parked = json.loads(message["Body"])
        change(parked["record"])
        self._client("sqs").delete_message(QueueUrl=self.queue(queue), ReceiptHandle=message["ReceiptHandle"])
        self.send(queue, json.dumps(parked))

    def invoke(self, function: str, event: Json) -> None:
        """Invoke a function with an event, as its event source would."""
        self.stack.deployment.invoke(function, event)

    def replay(self, queue: str) -> int:
        """Run what `python -m microservices.replay` runs."""
        return replay(self._client("sqs"), self._client("lambda"), self.name(queue))

    @contextmanager
    def fast_redelivery(self, queue: str) -> Iterator[None]:
        """Redeliver failed messages after one second for the duration of the block."""
        sqs, url, name = self._client("sqs"), self.queue(queue), "VisibilityTimeout"
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    @contextmanager
    def temporary_queue(self, kind: str = "parking") -> Iterator[str]:
        """Yield the name of a queue that exists for the duration of the block."""
        name = f"{new_word()}-{kind}"
        url = self._client("sqs").create_queue(QueueName=self.name(name))["QueueUrl"]
        try:
            yield name
        finally:
            self._client("sqs").delete_queue(QueueUrl=url)

    def count_messages(self, queue: str) -> int:
        """Return the number of messages in the queue, those in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._client("sqs").get_queue_attributes(QueueUrl=self.queue(queue), AttributeNames=names)[
            "Attributes"
        ]
        return sum(int(counts[name]) for name in names)

    def _client(self, service: str) -> Any:
        return self.stack.emulator.client(service)
