"""From what was measured to the figures of report.json, each group with its origin beside it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hdrh.histogram import HdrHistogram

from loadtests import lag_figures
from loadtests.blocks import SIDES, Measured
from loadtests.latency import decoded, merged, percentiles
from loadtests.plan import Block
from loadtests.provenance import origin_of, origin_of_both
from loadtests.resampling import ratio_of_p95
from loadtests.results import Results

SCHEMA = 2
CARRIED = 0.99  # right answers of those offered; a side that gives fewer is not compared by its latency
Figures = dict[str, Any]


def figures(results: Results) -> Figures:
    """Return the content of report.json. Milliseconds have one decimal, ratios three."""
    both = origin_of_both(*results.urls.values())
    return {
        "schema": SCHEMA,
        **results.provenance,
        "profile": results.profile,
        "settings": results.settings,
        "parity": {"checks": results.parity.checks, "failed": len(results.parity.failed), "origin": both},
        "floors": {side: _floors(found, results.urls[side]) for side, found in results.floors.items()},
        "scenarios": {name: _scenario(name, found, results) for name, found in results.scenarios.items()},
        "live": lag_figures.live(results),
        "freshness": lag_figures.freshness(results),
        "after_the_load": lag_figures.effects(results),
    }


def of_side(measured: Sequence[Measured], side: str) -> list[Measured]:
    """Return the blocks of one side."""
    return [one for one in measured if one.side == side]


def latencies(measured: Sequence[Measured]) -> list[HdrHistogram]:
    """Return one histogram a block."""
    return [decoded(one.block.latencies) for one in measured]


def voids(report: Figures) -> list[str]:
    """Return where the generator was too busy to be believed: `scenario on side`."""
    return [
        f"{name} on {side}"
        for name, scenario in report["scenarios"].items()
        for side in SIDES
        if scenario[side]["void"]
    ]


def _scenario(name: str, measured: Sequence[Measured], results: Results) -> Figures:
    sides = {side: of_side(measured, side) for side in SIDES}
    summaries = {side: _summary(blocks, results) for side, blocks in sides.items()}
    ratio = asdict(ratio_of_p95(*(latencies(sides[side]) for side in SIDES), seed=name))
    if any(summary["goodput"] < CARRIED * summary["offered_rate"] for summary in summaries.values()):
        ratio["verdict"] = "rate not carried"
    if any(summary["void"] for summary in summaries.values()):
        ratio["verdict"] = "void"
    numbers = {key: value if isinstance(value, str) else round(value, 3) for key, value in ratio.items()}
    return {**summaries, "ratio_p95": {**numbers, "origin": origin_of_both(*results.urls.values())}}


def _summary(measured: Sequence[Measured], results: Results) -> Figures:
    blocks = [one.block for one in measured]
    seconds = len(blocks) * results.settings["block_s"]
    total = merged(latencies(measured))
    return {
        "offered_rate": round(_sum(blocks, "offered") / seconds, 2),
        "goodput": round(_sum(blocks, "right") / seconds, 2),
        "errors": _sum(blocks, "errors"),
        "refusals": _sum(blocks, "refused"),
        "dropped": _sum(blocks, "dropped"),
        **percentiles(total, 50, 95, 99),
        "generator_cpu": round(max(block.cpu for block in blocks), 3),
        "void": any(block.void for block in blocks),
        "origin": origin_of(results.urls[measured[0].side]),
    }


def _floors(found: dict[str, list[Block]], url: str) -> Figures:
    measured = {
        name: percentiles(merged(decoded(block.latencies) for block in blocks), 50, 95)
        for name, blocks in found.items()
    }
    return {**measured, "origin": origin_of(url)}


def _sum(blocks: Sequence[Block], what: str) -> int:
    return sum(getattr(block, what) for block in blocks)
