"""Every function of the templates in this process, in a world that begins again as often as a test wants."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from tests.contract.client import Api
from tests.contract.events import deliver
from tests.contract.gateway import Gateway, gateway_over_moto
from tests.contract.makers import ACCOUNT, REGION

Serve = Callable[[httpx.Request], httpx.Response]


class World:
    """The rooms, a few people who are signed up, and nothing else: no post, no vote, no order."""

    def __init__(self, gateway: Gateway, names: tuple[str, ...]) -> None:
        self.gateway = gateway
        people = Api(httpx.Client(transport=gateway, base_url="http://functions.test"), patience=0)
        self.people = [people.join(name) for name in names]
        for person in self.people:  # so that no history is the first one, in which the authorizer fetches its secret
            people.read_me(person)
        self._tables = {name: copy.deepcopy(table.items) for name, table in _tables().items()}

    def begin_again(self) -> None:
        """Make the world as it was. The tables would grow from history to history, and each transaction of moto copies them."""
        deliver(self.gateway.wires)
        for name, table in _tables().items():
            table.items = copy.deepcopy(self._tables[name])
        self._publish_the_board()

    def api(self, serve: Serve) -> Api:
        """Return the API, with `serve` between it and the gateway, and nothing delivered but by whoever tests."""
        return Api(httpx.Client(transport=httpx.MockTransport(serve), base_url="http://functions.test"), patience=0)

    def _publish_the_board(self) -> None:
        """Let S3 forget the last history: an empty batch publishes the board as it is."""
        functions = [inbox.reader.function for inbox in self.gateway.wires.inboxes]
        next(each for each in functions if each.name.endswith("-votes-projection")).invoke({"Records": []})

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
