"""Lags: from the answer to a write until the answer to the first read that shows it, so each includes one read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, sleep

import httpx

from loadtests.calls import Answer, Call
from loadtests.client import succeed
from loadtests.data.ledger import Ledger

POLL_S = 0.01
VISIBLE_WITHIN_S = 20.0
KINDS = (
    "vote_to_post_score", "vote_to_leaderboard_json", "vote_to_leaderboard_html", "post_to_search", "order_to_settled",
    "avatar_to_shown", "view_to_trending", "post_to_live", "vote_to_live",
)  # fmt: skip


@dataclass(slots=True)
class Lag:
    """The lags of one kind in milliseconds, how many first reads were stale, and how often it never showed."""

    lags_ms: list[float] = field(default_factory=list)
    stale_first_reads: int = 0
    never: int = 0


@dataclass(slots=True)
class Freshness:
    """All lags of one system, and by how much its effects are wrong after the storm: 0 is the promise."""

    lags: dict[str, Lag] = field(default_factory=lambda: {kind: Lag() for kind in KINDS})
    lost_or_doubled_votes: int = 0
    ledger: Ledger = field(default_factory=Ledger)


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
