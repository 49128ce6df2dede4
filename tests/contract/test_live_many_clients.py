"""The live feed with many clients, or with one that does not read. The parity check leaves them out, since they slow it down."""

import json
import socket

import pytest

from .client import Person, unique
from .feed import Feed, post_published

MANY = 100  # several for each thread that sends


@pytest.fixture(scope="module")
def ada(feed: Feed) -> Person:
    """A user who writes posts."""
    return feed.api.join("ada")


def test_a_client_that_does_not_read_does_not_block_others(feed: Feed, ada: Person) -> None:
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    with feed.subscriber("posts", sockopt=small), feed.subscriber("posts") as reads:
        for _ in range(30):
            title = unique("long") + "𝔘" * 180
            feed.api.published(ada, title=title)
            reads.wait_for(post_published(title))


def test_many_clients_get_the_same_messages(feed: Feed, ada: Person) -> None:
    with feed.subscribers(MANY, "posts") as clients:
        title = unique("many")
        feed.api.published(ada, title=title)
        messages = [client.wait_for(post_published(title)) for client in clients]
        assert len({json.dumps(each) for each in messages}) == 1
