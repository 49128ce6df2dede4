"""The live feed with 200 connections: how long until the last of them has a message."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from loadtests import calls
from loadtests.bench.rows import Row
from loadtests.client import opened, succeed
from loadtests.live.block import await_known
from loadtests.live.deliveries import PUBLISHED, Write, known_at
from loadtests.live.subscriber import Subscriber, subscribed
from loadtests.provenance import origin_of
from loadtests.world import written

CONNECTIONS = 200
MESSAGES = 10
HEARD_WITHIN_S = 20.0


def rows(side: str, url: str, live_url: str, *, token: str, reach: float) -> Iterator[Row]:
    """Yield the rows of one side. reach: seconds within which the last connection must have a message, at the median."""
    origin = origin_of(url)
    with subscribed(live_url, [("posts",)] * CONNECTIONS) as audience:
        for number in range(2):  # cold starts
            _to_last_s(url, token, audience, number=number)
        lags_s = [_to_last_s(url, token, audience, number=number) for number in range(2, 2 + MESSAGES)]
        heard = sum(len(subscriber.heard) for subscriber in audience)
    wanted = CONNECTIONS * (2 + MESSAGES)
    yield Row(
        what=f"{side}: messages that {CONNECTIONS} connections of the live feed heard",
        against="once each",
        shown=f"{heard:,} of {wanted:,}",
        value=abs(heard - wanted),
        reach=0,
        unit=" others",
        origin=origin,
    )
    yield Row(
        what=f"{side}: from an answer to its message at the last of {CONNECTIONS} connections, median of {MESSAGES}",
        against="–",
        shown=f"{median(lags_s):.2f} s (longest {max(lags_s):.2f} s)",
        value=median(lags_s),
        reach=reach,
        unit=" s",
        origin=origin,
    )


def _to_last_s(url: str, token: str, audience: list[Subscriber], *, number: int) -> float:
    """Publish a post and return the seconds from its answer until everybody has heard of it; infinite where somebody never does."""
    form = written(f"to be heard {number}")
    with opened(url) as client:
        post_id = succeed(client, calls.publish(form, token)).record()["id"]
    now = perf_counter()
    write = Write(kind=PUBLISHED, post_id=post_id, due=now, answered=now, watchers=range(len(audience)))
    if not await_known([write], audience, within_s=HEARD_WITHIN_S):
        return float("inf")
    return max([0.0, *((known_at(write, subscriber.heard) or now) - now for subscriber in audience)])
