"""The series behind the charts of a report, kept beside its figures as series.json."""

from collections import Counter
from typing import Any

from loadtests.blocks import SideBlock
from loadtests.histograms import decoded, merged, percentile_ms
from loadtests.load import BlockResult, Second
from loadtests.report.figures import latencies
from loadtests.results import Results
from loadtests.shapes import STEADY

PERCENTILES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.9)


def series(results: Results) -> dict[str, Any]:
    """Return, for each scenario and side, the curve over percentiles, the points over time, the reasons of failures and
    the blocks as they were counted, from which two runs are compared; the blocks of the floors; the single lags."""
    shaped = results.settings.get("shape", STEADY) != STEADY
    return {
        "scenarios": {
            name: {side: _side(blocks, shaped=shaped) for side, blocks in results.pairs(name).items()}
            for name in results.played
        },
        "floors": {
            side: {name: [_block(block) for block in blocks] for name, blocks in found.items()}
            for side, found in results.floors.items()
        },
        "freshness": {
            side: {kind: [round(each, 1) for each in lag.lags_ms] for kind, lag in found.lags.items()}
            for side, found in results.freshness.items()
        },
        "parity_failed": results.parity.failed,
    }


def _side(measured: list[SideBlock], *, shaped: bool) -> dict[str, Any]:
    total = merged(latencies(measured))
    reasons: Counter[str] = Counter()
    for one in measured:
        reasons.update(one.block.reasons)
    return {
        "percentiles": [[percentile, percentile_ms(total, percentile)] for percentile in PERCENTILES],
        "operations": _operations(measured),
        "over_time": [
            {"at_s": one.at_s + second.at_s, "p50_ms": second.p50_ms, "p95_ms": second.p95_ms}
            for one in measured
            for second in one.block.seconds
        ],
        **({"by_second": _by_second([one.block for one in measured])} if shaped else {}),
        "warm_up_p95_ms": [one.block.warm_up_p95_ms for one in measured],
        "late": sum(one.block.late for one in measured),
        "reasons": dict(reasons.most_common(10)),
        "blocks": [_block(one.block) for one in measured],
    }


def _by_second(blocks: list[BlockResult]) -> list[dict[str, Any]]:
    """Return, for each second of a block, what all blocks have of it: the mean rate, percentiles of all latencies."""
    found: dict[int, list[Second]] = {}
    for block in blocks:
        for second in block.seconds:
            found.setdefault(second.at_s, []).append(second)
    total = {at: merged(decoded(one.latencies) for one in seconds if one.latencies) for at, seconds in found.items()}
    return [
        {
            "at_s": at,
            "offered": round(sum(one.offered for one in found[at]) / len(blocks), 2),
            "p50_ms": percentile_ms(total[at], 50),
            "p95_ms": percentile_ms(total[at], 95),
        }
        for at in sorted(found)
    ]


def _block(block: BlockResult) -> dict[str, Any]:
    """A block of two seconds takes some 200 bytes: its histogram is compressed."""
    return {
        name: getattr(block, name) for name in ("offered", "succeeded", "refused", "errors", "dropped", "latencies")
    }


def _operations(measured: list[SideBlock]) -> dict[str, dict[str, float]]:
    names = sorted({name for one in measured for name in one.block.by_operation})
    found = {
        name: merged(decoded(one.block.by_operation[name]) for one in measured if name in one.block.by_operation)
        for name in names
    }
    return {
        name: {
            "count": histogram.get_total_count(),
            "p50_ms": percentile_ms(histogram, 50),
            "p95_ms": percentile_ms(histogram, 95),
        }
        for name, histogram in found.items()
    }
