"""The live feed with 200 connections: the time until the last of them has a message."""

from collections.abc import Iterator, Sequence
from statistics import median
from time import perf_counter, sleep

from loadtests import calls
from loadtests.client import open_client, succeed
from loadtests.data.world import post_form
from loadtests.live.audience import await_received
from loadtests.live.deliveries import DOUBLES_WITHIN_S, PUBLISHED, Write, count_doubles, received_at
from loadtests.live.subscriber import Messages, Subscriber, subscribe
from loadtests.provenance import origin_of
from tests.bench.rows import Row

CONNECTIONS = 200
COLD, MESSAGES = 2, 10  # the first ones pay for cold starts
RECEIVED_WITHIN_S = 5.0  # the contract's "eventually"


def rows(side: str, url: str, live_url: str, *, token: str, reach: float) -> Iterator[Row]:
    """Yield the rows of one side. reach: seconds within which the last connection must have a message, at the median."""
    origin = origin_of(url)
    with subscribe(live_url, [("posts",)] * CONNECTIONS) as audience:
        writes = [_published(url, token, audience, number=number) for number in range(COLD + MESSAGES)]
        sleep(DOUBLES_WITHIN_S)
        received = [list(subscriber.messages) for subscriber in audience]
    lags_s = [_to_last_s(write, received) for write in writes[COLD:]]
    lost = sum(received_at(write, one) is None for write in writes for one in received)
    twice = sum(count_doubles(writes, one) for one in received)
    yield Row(
        what=f"{side}: messages lost or sent twice on {CONNECTIONS} connections of the live feed",
        against="–",
        shown=f"{lost} lost, {twice} sent twice, of {CONNECTIONS * len(writes):,}",
        value=lost + twice,
        reach=0,
        unit=" messages",
        origin=origin,
    )
    yield Row(
        what=f"{side}: time from a response until all {CONNECTIONS} connections have the message, median of {MESSAGES}",
        against="–",
        shown=f"{median(lags_s):.2f} s (longest {max(lags_s):.2f} s)",
        value=median(lags_s),
        reach=reach,
        unit=" s",
        origin=origin,
    )


def _published(url: str, token: str, audience: list[Subscriber], *, number: int) -> Write:
    """Publish a post, and wait for its message on every connection, or for the deadline."""
    with open_client(url) as client:
        post_id = succeed(client, calls.publish(post_form(f"message {number}"), token)).record()["id"]
    now = perf_counter()
    write = Write(kind=PUBLISHED, post_id=post_id, due=now, answered=now, watchers=range(len(audience)))
    await_received([write], audience, within_s=RECEIVED_WITHIN_S)
    return write


def _to_last_s(write: Write, received: Sequence[Messages]) -> float:
    """Return the seconds from the answer until every connection had the message; infinite if one never did."""
    times = [received_at(write, one) for one in received]
    return max(0.0, *(float("inf") if at is None else at - write.answered for at in times))
