"""All functions of the templates in this process, over moto, with data that a test can reset."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from microservices.clock import now
from microservices.votes.leaderboard import DynamoLeaderboard
from tests.contract.client import Api
from tests.contract.cloud import STAGE
from tests.contract.event_delivery import deliver
from tests.contract.gateway import Gateway, gateway_over_moto
from tests.contract.resources import ACCOUNT, REGION

BASE_URL = "http://functions.test"
Serve = Callable[[httpx.Request], httpx.Response]


class InProcessSystem:
    """The services with a few registered users: no post, no vote, no order."""

    def __init__(self, gateway: Gateway, names: tuple[str, ...]) -> None:
        self.routing, self.serve = gateway.routing, gateway.serve
        self._projection = gateway.functions["votes-projection"]
        api = Api(httpx.Client(transport=gateway, base_url=BASE_URL), patience=0)
        self.people = [api.join(name) for name in names]
        for (
            person
        ) in self.people:  # the authorizer fetches its secret now, so that no history differs by being the first
            api.read_me(person)
        self._tables = {name: copy.deepcopy(table.items) for name, table in _tables().items()}

    def reset(self) -> None:
        """Restore the initial data. Without it the tables grow, and moto copies a whole table in each transaction."""
        deliver(self.routing)
        for name, table in _tables().items():
            table.items = copy.deepcopy(self._tables[name])
        # An empty batch publishes the empty leaderboard, which replaces the last history's in S3.
        self._projection.invoke({"Records": []})

    def api(self, serve: Serve) -> Api:
        """Return the API behind `serve`. It delivers no events: the test does."""
        return Api(httpx.Client(transport=httpx.MockTransport(serve), base_url=BASE_URL), patience=0)

    def leaderboard(self) -> DynamoLeaderboard:
        """Return the leaderboard in the votes table."""
        return DynamoLeaderboard(boto3.client("dynamodb", region_name=REGION), f"{STAGE}-votes", now)

    def messages(self) -> dict[str, list[str]]:
        """Return the messages in all queues that are not empty, dead letters and parked records included."""
        queues = sqs_backends[ACCOUNT][REGION].queues.items()
        return {name: [message.body for message in queue._messages] for name, queue in queues if queue._messages}


@contextmanager
def in_process_system(*names: str) -> Iterator[InProcessSystem]:
    """Yield the system with users of these names."""
    with gateway_over_moto() as gateway:
        yield InProcessSystem(gateway, names)


def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = dynamodb_backends[ACCOUNT][REGION].tables
    return tables
