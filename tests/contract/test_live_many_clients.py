"""The live feed with many clients, or one that holds up what it can. Not asked by a load run's gate: its other tests would wait."""

import json
import socket

import pytest

from .client import Person, unique
from .feed import Feed, post_published

MANY = 200


@pytest.fixture(scope="module")
def ada(feed: Feed) -> Person:
    """Somebody who writes posts."""
    return feed.api.join("ada")


def test_a_client_that_does_not_read_holds_nobody_up(feed: Feed, ada: Person) -> None:
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    with feed.listener("posts", sockopt=small), feed.listener("posts") as reads:
        for _ in range(30):
            title = unique("long") + "𝔘" * 180
            feed.api.published(ada, title=title)
            reads.wait_for(post_published(title))


def test_many_clients_hold_and_hear_the_same(feed: Feed, ada: Person) -> None:
    with feed.listeners(MANY, "posts") as clients:
        title = unique("many")
        feed.api.published(ada, title=title)
        told = [client.wait_for(post_published(title)) for client in clients]
        assert len({json.dumps(each) for each in told}) == 1
