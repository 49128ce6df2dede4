"""A small history of every service, and what it makes AWS tell the functions: nothing is delivered but by whoever tests."""

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

from .aws_events import Record, changes, messages

STAGE = "contract"


class AwsWorld:
    """Ada's posts, one revised, one withdrawn; Bob's votes, one changed, one taken back; an order, a picture, views."""

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
        self._told: dict[str, list[Record]] = {}
        self._live()
        self.of_views = self._of_views()  # now: whoever looks later is seen too

    def invoke(self, function: str, records: list[Record]) -> Any:
        """Hand a function a batch; return what it answers."""
        return self.gateway.functions[function].invoke({"Records": records})

    @cached_property
    def of_posts(self) -> list[Record]:
        """What the posts table's stream tells, listings and all."""
        return changes(TableStream(self._arn("posts")).take())

    @cached_property
    def of_votes(self) -> list[Record]:
        """What the votes table's stream tells."""
        return changes(TableStream(self._arn("votes")).take())

    @cached_property
    def of_orders(self) -> list[Record]:
        """What the orders table's stream tells of the order as it was placed."""
        return self.newer_of_orders()

    def newer_of_orders(self) -> list[Record]:
        """Return what that stream tells since it was asked last."""
        return changes(TableStream(self._arn("orders")).take())

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket's objects."""
        return [each["Key"] for each in self._s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put an object there, as no function of ours would."""
        self._s3.put_object(Bucket=bucket, Key=key, Body=content)

    def empty(self, bucket: str) -> None:
        """Take all objects away."""
        for key in self.keys(bucket):
            self._s3.delete_object(Bucket=bucket, Key=key)

    @cached_property
    def post_events(self) -> list[str]:
        """What the topic is told of the posts, in no order."""
        self.invoke("posts-event-relay", self.of_posts)
        return self.events("post.")

    @cached_property
    def placed(self) -> list[str]:
        """What the topic is told of the order."""
        self.invoke("orders-event-relay", self.of_orders)
        return self.events("order.placed")

    @cached_property
    def outcomes(self) -> list[str]:
        """What the topic is told of the order's payment."""
        self.invoke("users-credits", messages(self.placed))
        return self.events("order.answered")[:1]

    @cached_property
    def paid(self) -> list[str]:
        """What the topic is told of the order once it is paid for."""
        self.invoke("orders-saga", messages(self.outcomes))
        self.invoke("orders-event-relay", self.newer_of_orders())
        return self.events("order.paid")

    def events(self, kind: str) -> list[str]:
        """Return what the topic was told of a kind, such as `order.`, so far; what was told again, once."""
        for notice in Topic(f"arn:aws:sns:{REGION}:{ACCOUNT}:{STAGE}-events").take():
            told = notice["Sns"]["Message"]
            self._told.setdefault(json.loads(told)["type"], []).append(told)
        return [told for name, every in self._told.items() if name.startswith(kind) for told in dict.fromkeys(every)]

    def parked(self, queue: str) -> list[Json]:
        """Return the parked records of a queue."""
        return [json.loads(body) for body in self.waiting(queue)]

    def waiting(self, queue: str) -> list[str]:
        """Return the messages that a queue holds."""
        return [message.body for message in sqs_backends[ACCOUNT][REGION].get_queue(f"{STAGE}-{queue}")._messages]

    def _live(self) -> None:
        api = self.api
        api.revise_post(self.ada, self.first, title="Snail revised")
        api.withdraw(self.ada, self.gone)
        for post_id, value in ((self.first, -1), (self.first, 1), (self.second, 1)):
            assert api.cast(self.bob, post_id, value=value).status_code == 200
        assert api.retract(self.bob, self.second).status_code == 204
        for post_id in (self.first, self.first, self.second):
            api.post(post_id)
        self.order = api.place(self.ada, {"sku": "boost-1d", "post_id": self.first, "quantity": 1}).json()

    def _of_views(self) -> list[bytes]:
        """Return what the stream of views holds."""
        for function in self.gateway.functions.values():
            function.flush()
        told = KinesisStream(f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STAGE}-views").take()
        return [base64.b64decode(each["kinesis"]["data"]) for each in told]

    def _arn(self, service: str) -> str:
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STAGE}-{service}/stream/any"
