"""The figures of what is eventual: freshness, the live feed's messages, and what was lost or came twice."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadtests.blocks import SideBlock
from loadtests.freshness import KINDS, Lag
from loadtests.histograms import decoded, histogram_of, merged, percentile_ms, percentiles
from loadtests.load import LIVE, Live
from loadtests.provenance import origin_of, origin_of_both
from loadtests.results import Results

Figures = dict[str, Any]


def freshness(results: Results) -> Figures:
    """Return the lags of each kind that was tried, by side."""
    return {
        kind: {
            side: {**_lag(found.lags[kind]), "origin": origin_of(results.urls[side])}
            for side, found in results.freshness.items()
        }
        for kind in KINDS
        if any(_trials(found.lags[kind]) for found in results.freshness.values())
    }


def live(results: Results) -> Figures:
    """Return what each side's live feed did with its messages; lags from the answer to a write."""
    found = results.pairs(LIVE) if LIVE in results.played else {}
    return {side: {**_live(_lives(blocks)), "origin": origin_of(results.urls[side])} for side, blocks in found.items()}


def effects(results: Results) -> Figures:
    """Return how many effects were lost, came twice or went wrong after the load, by kind and side."""
    counted = {
        side: {"lost_or_doubled_votes": found.lost_or_doubled_votes, **asdict(found.ledger)}
        for side, found in results.freshness.items()
    }
    for side, found in live(results).items():
        counted.setdefault(side, {}).update({f"{name}_live_messages": found[name] for name in ("lost", "doubled")})
    origin = origin_of_both(*results.urls.values())
    kinds = dict.fromkeys(kind for found in counted.values() for kind in found)
    return {
        kind: {**{side: found[kind] for side, found in counted.items() if kind in found}, "origin": origin}
        for kind in kinds
    }


def _lives(blocks: Sequence[SideBlock]) -> list[Live]:
    return [one.block.live for one in blocks if one.block.live]


def _live(blocks: Sequence[Live]) -> Figures:
    sums = {name: sum(getattr(block, name) for block in blocks) for name in ("writes", "messages", "lost", "doubled")}
    histograms = {
        key: merged(decoded(getattr(block, name)) for block in blocks)
        for key, name in (("from_answer", "from_answer"), ("to_last_subscriber", "to_last"))
    }
    return {
        "subscribers": max(block.subscribers for block in blocks),
        **sums,
        **{name: percentiles(histogram, 50, 95) for name, histogram in histograms.items()},
    }


def _lag(lag: Lag) -> Figures:
    lags = histogram_of(lag.lags_ms)
    return {
        **percentiles(lags, 50, 95),
        "max_ms": round(percentile_ms(lags, 100), 1),
        "trials": _trials(lag),
        "stale_first_reads": lag.stale_first_reads,
        "never": lag.never,
    }


def _trials(lag: Lag) -> int:
    return len(lag.lags_ms) + lag.never
