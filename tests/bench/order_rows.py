"""Orders: the store calls of placing one, and the time until a quiet system has settled it."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from uuid import uuid4

from loadtests import calls
from loadtests.client import open_client, succeed
from loadtests.data import orders
from loadtests.freshness import poll
from loadtests.results import Lag
from tests.bench.rows import Row

ORDERS = 10  # as many as one user's credits buy


def placed(made: Sequence[str]) -> Row:
    """Return the row of an order's store calls, counted inside its function."""
    return Row(
        what="services: store calls to place an order",
        against="–",
        shown=", ".join(made),
        value=len(made) if made == ["TransactWriteItems"] else len(made) + 1,
        reach=1,
        unit=" transaction",
        origin="emulated",
    )


def settle_row(url: str, post_id: str, *, username: str, token: str) -> Row:
    """Return the row of the time from the answer to an order until it is settled. The user spends 100 credits."""
    lag = Lag()
    with open_client(url) as client:
        for _ in range(ORDERS):
            place = calls.place_order([orders.line(post_id)], orders.FULFILLED, key=uuid4().hex, token=token)
            order = succeed(client, place).record()
            look = calls.read_order(order["id"], orders.FULFILLED, token=token)
            poll(client, look, lambda seen: orders.is_settled(seen.record()), since=perf_counter(), lag=lag)
        left = succeed(client, calls.read_me(username, token)).record()["credits"]
    return Row(
        what=f"services: time until an order has settled on an idle system, median of {ORDERS}",
        against="–",
        shown=f"{median(lag.lags_ms) / 1000:.2f} s ({lag.never} not settled, {left} of 100 credits left)",
        value=median(lag.lags_ms) / 1000 if not lag.never and not left else float("inf"),
        reach=3,
        unit=" s",
        origin="emulated",
    )
