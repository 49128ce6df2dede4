"""A small scenario that uses every service, and the events that it causes. Only the test delivers events."""

import base64
import json
from functools import cached_property
from typing import Any

import boto3
import httpx
from moto.sqs.models import sqs_backends

from tests.contract.client import Api, Json
from tests.contract.gateway import Gateway
from tests.contract.record_sources import KinesisStream, TableStream, Topic
from tests.contract.resources import ACCOUNT, REGION

from .aws_events import Record, queue_messages, stream_records

STAGE = "contract"


class EventScenario:
    """Ada's posts, one revised, one withdrawn; Bob's votes, one changed, one retracted; an order, a picture, views."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.api = Api(
            httpx.Client(transport=httpx.MockTransport(gateway.serve), base_url="http://functions.test"), patience=0
        )
        self.ada, self.bob = self.api.join("ada"), self.api.join("bob")
        self.first, self.second, self.gone = (
            self.api.published(self.ada, title=f"Snail {name}")["id"] for name in ("one", "two", "three")
        )
        self._s3 = boto3.client("s3", region_name=REGION)
        self._events: dict[str, list[Record]] = {}
        self._act()
        self.view_data = self._read_views()  # now, before a test reads posts and so adds views

    def invoke(self, function: str, records: list[Record]) -> Any:
        """Invoke a function with a batch; return its response."""
        return self.gateway.functions[function].invoke({"Records": records})

    @cached_property
    def post_records(self) -> list[Record]:
        """Return the records of the posts table's stream, those of listings included."""
        return stream_records(TableStream(self._arn("posts")).take())

    @cached_property
    def vote_records(self) -> list[Record]:
        """Return the records of the votes table's stream."""
        return stream_records(TableStream(self._arn("votes")).take())

    @cached_property
    def order_records(self) -> list[Record]:
        """Return the records of the orders table's stream from the placed order."""
        return self.take_order_records()

    def take_order_records(self) -> list[Record]:
        """Return the records of that stream since the last call."""
        return stream_records(TableStream(self._arn("orders")).take())

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket's objects."""
        return [each["Key"] for each in self._s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put any object into a bucket."""
        self._s3.put_object(Bucket=bucket, Key=key, Body=content)

    def empty(self, bucket: str) -> None:
        """Delete all objects of a bucket."""
        for key in self.keys(bucket):
            self._s3.delete_object(Bucket=bucket, Key=key)

    @cached_property
    def post_events(self) -> list[str]:
        """Return the events of the posts, in any order."""
        self.invoke("posts-event-relay", self.post_records)
        return self.events("post.")

    @cached_property
    def placed(self) -> list[str]:
        """Return the event of the placed order."""
        self.invoke("orders-event-relay", self.order_records)
        return self.events("order.placed")

    @cached_property
    def outcomes(self) -> list[str]:
        """Return the event of the order's payment."""
        self.invoke("users-credits", queue_messages(self.placed))
        return self.events("order.answered")[:1]

    @cached_property
    def paid(self) -> list[str]:
        """Return the event of the paid order."""
        self.invoke("orders-saga", queue_messages(self.outcomes))
        self.invoke("orders-event-relay", self.take_order_records())
        return self.events("order.paid")

    def events(self, prefix: str) -> list[str]:
        """Return the events published so far whose type has a prefix such as `order.`, without repetitions."""
        for notice in Topic(f"arn:aws:sns:{REGION}:{ACCOUNT}:{STAGE}-events").take():
            event = notice["Sns"]["Message"]
            self._events.setdefault(json.loads(event)["type"], []).append(event)
        return [
            each for name, every in self._events.items() if name.startswith(prefix) for each in dict.fromkeys(every)
        ]

    def parked(self, queue: str) -> list[Json]:
        """Return the parked records in a queue."""
        return [json.loads(body) for body in self.messages(queue)]

    def messages(self, queue: str) -> list[str]:
        """Return the messages in a queue."""
        return [message.body for message in sqs_backends[ACCOUNT][REGION].get_queue(f"{STAGE}-{queue}")._messages]

    def _act(self) -> None:
        api = self.api
        api.revise_post(self.ada, self.first, title="Snail revised")
        api.withdraw(self.ada, self.gone)
        for post_id, value in ((self.first, -1), (self.first, 1), (self.second, 1)):
            assert api.cast(self.bob, post_id, value=value).status_code == 200
        assert api.retract(self.bob, self.second).status_code == 204
        for post_id in (self.first, self.first, self.second):
            api.post(post_id)
        self.order = api.place(self.ada, {"sku": "boost-1d", "post_id": self.first, "quantity": 1}).json()

    def _read_views(self) -> list[bytes]:
        """Return the data of all records in the stream of views."""
        records = KinesisStream(f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STAGE}-views").take()
        return [base64.b64decode(each["kinesis"]["data"]) for each in records]

    def _arn(self, service: str) -> str:
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STAGE}-{service}/stream/any"
