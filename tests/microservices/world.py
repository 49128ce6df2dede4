"""Every function of the templates in this process, in a world that begins again as often as a test wants."""

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


class World:
    """The services, a few people who are signed up, and nothing else: no post, no vote, no order."""

    def __init__(self, gateway: Gateway, names: tuple[str, ...]) -> None:
        self.routing, self.serve = gateway.routing, gateway.serve
        self._projection = gateway.functions["votes-projection"]
        api = Api(httpx.Client(transport=gateway, base_url=BASE_URL), patience=0)
        self.people = [api.join(name) for name in names]
        for person in self.people:  # so that no history is the first one, in which the authorizer fetches its secret
            api.read_me(person)
        self._tables = {name: copy.deepcopy(table.items) for name, table in _tables().items()}

    def begin_again(self) -> None:
        """Make the world as it was. The tables would grow from history to history, and each transaction of moto copies them."""
        deliver(self.routing)
        for name, table in _tables().items():
            table.items = copy.deepcopy(self._tables[name])
        # An empty batch publishes the board as it is, and S3 forgets the last history.
        self._projection.invoke({"Records": []})

    def api(self, serve: Serve) -> Api:
        """Return the API as `serve` serves it: nothing is delivered but by whoever tests."""
        return Api(httpx.Client(transport=httpx.MockTransport(serve), base_url=BASE_URL), patience=0)

    def board(self) -> DynamoLeaderboard:
        """Return the board as the votes service keeps it."""
        return DynamoLeaderboard(boto3.client("dynamodb", region_name=REGION), f"{STAGE}-votes", now)

    def messages(self) -> dict[str, list[str]]:
        """Return what lies in each queue that is not empty, dead letters and parked records too."""
        queues = sqs_backends[ACCOUNT][REGION].queues.items()
        return {name: [message.body for message in queue._messages] for name, queue in queues if queue._messages}


@contextmanager
def world_of(*names: str) -> Iterator[World]:
    """Yield a world with people of these names."""
    with gateway_over_moto() as gateway:
        yield World(gateway, names)


def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = dynamodb_backends[ACCOUNT][REGION].tables
    return tables
