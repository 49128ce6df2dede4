"""From what was measured to the figures of report.json, each group with its origin beside it."""

from collections.abc import Sequence
from typing import Any

from hdrh.histogram import HdrHistogram

from loadtests.blocks import SideBlock
from loadtests.histograms import decoded, merged, percentiles
from loadtests.load import BlockResult, LostWorker
from loadtests.provenance import SCHEMA, origin_of, origin_of_both
from loadtests.report import lag_figures, voids
from loadtests.results import Results
from loadtests.statistics import verdicts as metrics

CARRIED = 0.99  # right answers of those offered; a side that gives fewer is not compared by its latency
Figures = dict[str, Any]


def figures(results: Results) -> Figures:
    """Return the content of report.json. Milliseconds have one decimal, ratios three."""
    both, void = origin_of_both(*results.urls.values()), voids.reasons(results)
    return {
        "schema": SCHEMA,
        **results.provenance,
        "sides": list(results.sides),
        "profile": results.profile,
        "settings": results.settings,
        "complete": not results.ended_by,
        **({"ended_by": results.ended_by} if results.ended_by else {}),
        "voids": [reason.words for reason in void],
        "resources": resources(results),
        **({} if results.stolen is None else {"cpu_steal_percent": round(100 * results.stolen, 1)}),
        "parity": {
            "checks": results.parity.checks,
            "failed": len(results.parity.failed),
            "rechecked_alone": results.parity.rechecked_alone,
            "origin": both,
        },
        "floors": {side: _floors(found, results.urls[side]) for side, found in results.floors.items()},
        "scenarios": {name: _scenario(name, results, void) for name in results.played},
        "live": lag_figures.live(results),
        "freshness": lag_figures.freshness(results),
        "after_the_load": lag_figures.effects(results),
    }


def latencies(measured: Sequence[SideBlock]) -> list[HdrHistogram]:
    """Return one histogram a block."""
    return [decoded(one.block.latencies) for one in measured]


def resources(results: Results) -> Figures:
    """Return what each side had, in words and by its parts, as it was before the load."""
    return {
        side: {"summary": one.in_words(), "concurrency_limits": one.at_once, "cores": list(one.cores),
               **one.parts, "origin": "measured"}
        for found in results.resources[:1]
        for side, one in found.items()
    }  # fmt: skip


def _scenario(name: str, results: Results, void: Sequence[voids.Reason]) -> Figures:
    sides = results.pairs(name)
    summaries = {side: _summary(blocks, results) for side, blocks in sides.items()}
    found = metrics.judge_scenario(name, sides, seconds=results.settings["block_s"], scenarios=len(results.played))
    carried = all(one["goodput"] >= CARRIED * one["offered_rate"] for one in summaries.values())
    for metric, one in found.items():
        one["origin"] = origin_of_both(*results.urls.values())
        if not carried and metric != metrics.GOODPUT:
            one["verdict"] = metrics.NOT_CARRIED
        if any(reason.scenario in ("", name) for reason in void):
            one["verdict"] = metrics.VOID
    return {**summaries, "metrics": found}


def _summary(measured: Sequence[SideBlock], results: Results) -> Figures:
    blocks = [one.block for one in measured]
    seconds = len(blocks) * results.settings["block_s"]
    return {
        "seconds": round(seconds, 3),
        "offered_rate": round(_sum(blocks, "offered") / seconds, 2),
        "goodput": round(_sum(blocks, "succeeded") / seconds, 2),
        "errors": _sum(blocks, "errors"),
        "refusals": _sum(blocks, "refused"),
        "dropped": _sum(blocks, "dropped"),
        **percentiles(merged(latencies(measured)), *metrics.PERCENTILES.values()),
        "generator_cpu": round(max(block.cpu for block in blocks), 3),
        "late": _sum(blocks, "late"),
        "lost_workers": [_lost(one.at_s, lost) for one in measured for lost in one.block.lost_workers],
        "origin": origin_of(results.urls[measured[0].side]),
    }


def _lost(block_at_s: float, lost: LostWorker) -> Figures:
    """When it was last heard of counts from the begin of the scenario."""
    return {"name": lost.name, "at_s": round(block_at_s + lost.at_s, 1), "arrivals": lost.arrivals}


def _floors(found: dict[str, list[BlockResult]], url: str) -> Figures:
    measured = {
        name: percentiles(merged(decoded(block.latencies) for block in blocks), 50, 95)
        for name, blocks in found.items()
    }
    return {**measured, "origin": origin_of(url)}


def _sum(blocks: Sequence[BlockResult], what: str) -> int:
    return sum(getattr(block, what) for block in blocks)
