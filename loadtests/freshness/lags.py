"""Lags: from the answer to a write until the answer to the first read that shows it, so each includes one read."""

from collections.abc import Callable
from time import perf_counter, sleep

import httpx

from loadtests.calls import Answer, Call
from loadtests.client import succeed
from loadtests.results import LAG_KINDS as KINDS
from loadtests.results import Freshness, Lag

POLL_S = 0.01
VISIBLE_WITHIN_S = 20.0
__all__ = ["KINDS", "POLL_S", "VISIBLE_WITHIN_S", "Freshness", "Lag", "watch"]


def watch(client: httpx.Client, call: Call, shows: Callable[[Answer], bool], *, since: float, lag: Lag) -> None:
    """Read until an answer shows the effect, and add the lag; since: when the write was answered, on perf_counter's scale."""
    reads = 0
    while perf_counter() - since < VISIBLE_WITHIN_S:
        if shows(succeed(client, call)):
            lag.lags_ms.append((perf_counter() - since) * 1000)
            lag.stale_first_reads += reads > 0
            return
        reads += 1
        sleep(POLL_S)
    lag.never += 1
