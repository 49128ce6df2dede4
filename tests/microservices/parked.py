"""Past the API: the tables and queues of a deployed stage, as somebody sees them who repairs it."""

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
class Service:
    """What is reached past the API: tables, queues and functions of the deployed stage."""

    stack: LocalAws

    def name(self, thing: str) -> str:
        return f"{self.stack.deployment.stage}-{thing}"

    def put(self, table: str, *items: Item) -> None:
        """Write items at once, as no function of ours would."""
        requests = [{"PutRequest": {"Item": item}} for item in items]
        self._client("dynamodb").batch_write_item(RequestItems={self.name(table): requests})

    def delete(self, table: str, item: Item) -> None:
        key = {name: item[name] for name in ("pk", "sk")}
        self._client("dynamodb").delete_item(TableName=self.name(table), Key=key)

    def get(self, table: str, key: Item) -> Item:
        """Return an item as it is now."""
        found = self._client("dynamodb").get_item(TableName=self.name(table), Key=key, ConsistentRead=True)
        item: Item = found["Item"]
        return item

    @contextmanager
    def broken(self, table: str, key: Item, attribute: str, value: Item) -> Iterator[None]:
        """Let an attribute of an item be another one, for as long as the block lasts."""
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

    def waiting(self, queue: str, about: str) -> list[Json]:
        """Return the messages of the queue that name this id; they stay there."""
        asked = {"QueueUrl": self.queue(queue), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        messages: list[Json] = self._client("sqs").receive_message(**asked).get("Messages", [])
        return [message for message in messages if about in message["Body"]]

    def mend(self, queue: str, about: str, change: Callable[[Json], None]) -> None:
        """Change what a parked record says, as somebody would who knows what it should have been."""
        (message,) = self.waiting(queue, about)
        parked = json.loads(message["Body"])
        change(parked["record"])
        self._client("sqs").delete_message(QueueUrl=self.queue(queue), ReceiptHandle=message["ReceiptHandle"])
        self.send(queue, json.dumps(parked))

    def invoke(self, function: str, event: Json) -> None:
        """Hand a function an event, as what wakes it would."""
        self.stack.deployment.invoke(function, event)

    def give_back(self, queue: str) -> int:
        """Do what `python -m microservices.replay` does."""
        return replay(self._client("sqs"), self._client("lambda"), self.name(queue))

    @contextmanager
    def hurried(self, queue: str) -> Iterator[None]:
        """Let what fails come again after a second, for as long as the block lasts."""
        sqs, url, name = self._client("sqs"), self.queue(queue), "VisibilityTimeout"
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    @contextmanager
    def queue_of_its_own(self, kind: str = "parking") -> Iterator[str]:
        """Give the name of a queue that is there as long as the block lasts."""
        name = f"{new_word()}-{kind}"
        url = self._client("sqs").create_queue(QueueName=self.name(name))["QueueUrl"]
        try:
            yield name
        finally:
            self._client("sqs").delete_queue(QueueUrl=url)

    def kept(self, queue: str) -> int:
        """Return how many messages the queue holds, also those that somebody is at."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._client("sqs").get_queue_attributes(QueueUrl=self.queue(queue), AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def _client(self, service: str) -> Any:
        return self.stack.emulator.client(service)
