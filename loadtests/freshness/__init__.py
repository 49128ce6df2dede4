"""How long until everybody sees it, and whether nothing was lost or came twice.

One module for votes, one for the other rooms, one for the live feed; lags.py says what a lag is.
"""

from collections.abc import Callable

import httpx

from loadtests.client import opened
from loadtests.data import audit
from loadtests.data.world import World
from loadtests.freshness import rooms, votes
from loadtests.freshness.lags import KINDS, Freshness, Lag
from loadtests.freshness.live import Listener, listening

__all__ = ["KINDS", "STEPS", "Freshness", "Lag", "await_caught_up", "measure"]

STEPS = 5  # of each trial: a vote, a post, an order, an avatar, a view


def measure(base_url: str, live_url: str, world: World, *, trials: int, done: Callable[[], None]) -> Freshness:
    """Run so many trials of each kind on one quiet system, and audit it; `done` hears of each of the STEPS.

    live_url: of its live feed, or nothing. Raise CallFailed if a write fails, NotSubscribed if the feed does not work.
    """
    found = Freshness()
    with opened(base_url) as client, listening(live_url, world.hot.id) as listener:
        _votes_and_posts(client, world, found, listener=listener, trials=trials, done=done)
        if trials:  # it takes two seconds at least
            rooms.await_counted(client, world)
        for trial in (rooms.order, rooms.avatar, rooms.view):
            for number in range(trials):
                trial(client, world, number, found)
                done()
        found.audit = audit.audit(client, world)
    return found


def await_caught_up(base_url: str, world: World) -> None:
    """Wait until what was written so far has gone through every projection: they keep the order, so one more of each tells.

    Orders travel by queues, which do not keep it: all of them must be settled.
    """
    with opened(base_url) as client:
        _votes_and_posts(client, world, Freshness(), listener=Listener(None), trials=1, done=lambda: None)
        audit.await_settled(client, world)


def _votes_and_posts(
    client: httpx.Client, world: World, found: Freshness, *, listener: Listener, trials: int, done: Callable[[], None]
) -> None:
    score = votes.settle_hot(client, world, found)
    for number in range(trials):
        score = votes.turn_around(client, world, number, score=score, found=found, listener=listener)
        done()
    for number in range(trials):
        rooms.post(client, world, number, found=found, listener=listener)
        done()
