"""Turn the results of a run into report.json (figures, each group with its origin) and series.json (data behind the charts)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from hdrh.histogram import HdrHistogram

from loadtests.calls import WRONG
from loadtests.histograms import decode, enough_beyond, histogram_of, merge, percentile_ms, percentiles
from loadtests.load import LIVE, BlockResult, Second, void_reasons
from loadtests.provenance import SCHEMA, origin_of, origin_of_both
from loadtests.report.tables import words
from loadtests.results import LAG_KINDS, Lag, Results, SideBlock, differences
from loadtests.shapes import STEADY
from loadtests.statistics import NOT_CARRIED, VOID
from loadtests.statistics.verdicts import GOODPUT, PERCENTILES, judge_scenario
from loadtests.tally import interval_s

CARRIED = 0.99  # goodput of the offered rate; below it, latencies of the sides are not compared
CURVE = (1, 5, *range(10, 75, 10), *range(75, 95, 5), 92.5, 95, 97, 98, 99, 99.5, 99.9)  # percentiles of the charts
Figures = dict[str, Any]


def figures(results: Results) -> Figures:
    """Return the content of report.json. Milliseconds have one decimal, ratios three."""
    live = _live_figures(results)
    effects = _effects(results, live)
    voids = reasons_of_void(results, effects)
    return {
        "schema": SCHEMA,
        **results.provenance,
        "sides": list(results.sides),
        "profile": results.profile,
        "settings": results.settings,
        "complete": not results.ended_by,
        **({"ended_by": results.ended_by} if results.ended_by else {}),
        "voids": [*voids],
        "resources": _resources(results),
        **({} if results.cpu_steal is None else {"cpu_steal_percent": results.cpu_steal}),
        "parity": {
            "checks": results.parity.checks,
            "failed": len(results.parity.failed),
            "rechecked_alone": results.parity.rechecked_alone,
            "origin": "counted",
        },
        "floors": {side: _floors(floors, results.urls[side]) for side, floors in results.floors.items()},
        "scenarios": {name: _scenario(name, results, voids) for name in results.played},
        "live": live,
        "freshness": _freshness(results),
        "after_the_load": effects,
        **{name: {**chapter, **_provenance(results)} for name, chapter in results.chapters.items()},
    }


def _provenance(results: Results) -> Figures:
    """Return what a chapter says of its own origin, as chapters of other commands do."""
    return {name: results.provenance[name] for name in ("commit", "machine")}


def _live_figures(results: Results) -> Figures:
    """Return counts and lags of each side's live messages. Lags count from the response to a write."""
    sides = results.pairs(LIVE) if LIVE in results.played else {}
    return {side: {**_live(measured), "origin": origin_of(results.urls[side])} for side, measured in sides.items()}


def reasons_of_void(results: Results, effects: Figures) -> dict[str, str]:
    """Return why the run is void: each reason with the scenario that it voids, or "" for the whole run."""
    reasons: dict[str, str] = {}
    for name in results.played:
        for side, measured in results.pairs(name).items():
            blocks = [one.block for one in measured]
            reasons |= {f"{name} on {side}: {text}": name for text in (*void_reasons(blocks), *_wrong_outcomes(blocks))}
    for kind, counts in effects.items():
        for side in (side for side in results.sides if counts.get(side)):
            reasons[f"the consistency audit of the {side} failed: {words(kind)} {counts[side]}"] = ""
    # Resources may change between the start and the end of the load.
    return reasons | {text: "" for sides in results.resources for text in differences(sides)}


def _wrong_outcomes(blocks: Sequence[BlockResult]) -> Iterator[str]:
    if count := sum(block.wrong for block in blocks):
        listed = (reason for block in blocks for reason in block.reasons if WRONG in reason)
        yield f"{count} outcomes were wrong, such as {next(listed, 'one that was too rare to be listed')}"


def _effects(results: Results, live: Figures) -> Figures:
    """Return the lost, doubled and wrong effects after the load, by kind and side."""
    by_side: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for side, freshness in results.freshness.items():
        by_side[side] = {"lost_or_doubled_votes": freshness.lost_or_doubled_votes, **asdict(freshness.audit)}
    for side, counts in live.items():
        by_side[side] |= {f"{name}_live_messages": counts[name] for name in ("lost", "doubled")}
    kinds = dict.fromkeys(kind for counts in by_side.values() for kind in counts)
    return {
        kind: {**{side: counts[kind] for side, counts in by_side.items() if kind in counts}, "origin": "counted"}
        for kind in kinds
    }


def series(results: Results) -> Figures:
    """Return the content of series.json: by scenario and side curves, points over time and blocks; blocks of the floors; lags."""
    shaped = results.settings.get("shape", STEADY) != STEADY
    return {
        "scenarios": {name: _both_series(list(results.pairs(name).items()), shaped=shaped) for name in results.played},
        "floors": {
            side: {name: [_block(block) for block in blocks] for name, blocks in floors.items()}
            for side, floors in results.floors.items()
        },
        "freshness": {
            side: {kind: [round(each, 1) for each in lag.lags_ms] for kind, lag in freshness.lags.items()}
            for side, freshness in results.freshness.items()
        },
    }


def _scenario(name: str, results: Results, voids: dict[str, str]) -> Figures:
    sides, seconds = results.pairs(name), results.settings["block_s"]
    summaries = {side: _summary(measured, results) for side, measured in sides.items()}
    metrics = judge_scenario(name, sides, seconds=seconds, scenarios=len(results.played))
    carried = all(one["goodput"] >= CARRIED * one["offered_rate"] for one in summaries.values())
    for metric, one in metrics.items():
        one["origin"] = origin_of_both(*results.urls.values())
        if not carried and metric != GOODPUT:
            one["verdict"] = NOT_CARRIED
        if {"", name} & set(voids.values()):
            one["verdict"] = VOID
    return {**summaries, "metrics": metrics}


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
        **percentiles(_merged(block.latencies for block in blocks), *PERCENTILES.values()),
        "generator_cpu": round(max(block.cpu for block in blocks), 3),
        "late": _sum(blocks, "late"),
        "origin": origin_of(results.urls[measured[0].side]),
    }


def _resources(results: Results) -> Figures:
    """Return the resources of each side before the load."""
    before = results.resources[0] if results.resources else {}
    return {side: {"summary": one.in_words(), **one.parts, "origin": "measured"} for side, one in before.items()}


def _floors(floors: dict[str, list[BlockResult]], url: str) -> Figures:
    times = {name: percentiles(_merged(block.latencies for block in blocks), 50, 95) for name, blocks in floors.items()}
    return {**times, "origin": origin_of(url)}


def _freshness(results: Results) -> Figures:
    tried = [kind for kind in LAG_KINDS if any(_trials(one.lags[kind]) for one in results.freshness.values())]
    return {
        kind: {
            side: {**_lag(freshness.lags[kind]), "origin": origin_of(results.urls[side])}
            for side, freshness in results.freshness.items()
        }
        for kind in tried
    }


def _lag(lag: Lag) -> Figures:
    histogram = histogram_of(lag.lags_ms)
    return {
        **percentiles(histogram, 50, 95),
        "min_ms": round(percentile_ms(histogram, 0), 1),
        "max_ms": round(percentile_ms(histogram, 100), 1),
        "trials": _trials(lag),
        "stale_first_reads": lag.stale_first_reads,
        "never": lag.never,
    }


def _trials(lag: Lag) -> int:
    return len(lag.lags_ms) + lag.never


def _live(measured: Sequence[SideBlock]) -> Figures:
    blocks = [one.block.live for one in measured if one.block.live]
    histograms = {
        "from_answer": _merged(block.from_answer for block in blocks),
        "to_last_subscriber": _merged(block.to_last for block in blocks),
    }
    return {
        "subscribers": max(block.subscribers for block in blocks),
        **{name: sum(getattr(block, name) for block in blocks) for name in ("writes", "messages", "lost", "doubled")},
        **{name: percentiles(histogram, 50, 95) for name, histogram in histograms.items()},
    }


def _both_series(sides: list[tuple[str, list[SideBlock]]], *, shaped: bool) -> Figures:
    totals = [_merged(one.block.latencies for one in measured) for _, measured in sides]
    fewest = min(total.get_total_count() for total in totals)
    curve = [each for each in CURVE if enough_beyond(each, fewest)]
    return {
        side: {
            "percentiles": [[each, percentile_ms(total, each)] for each in curve],
            **_side_series([one.block for one in measured], shaped=shaped),
        }
        for (side, measured), total in zip(sides, totals, strict=True)
    }


def _side_series(blocks: list[BlockResult], *, shaped: bool) -> Figures:
    reasons = sum((Counter(block.reasons) for block in blocks), Counter[str]())
    return {
        "operations": _operations(blocks),
        **({"by_second": _by_second(blocks)} if shaped else {}),
        "reasons": dict(reasons.most_common(10)),
        "blocks": [_block(block) for block in blocks],
    }


def _by_second(blocks: list[BlockResult]) -> list[Figures]:
    """Return, for each second of a block, the mean rate and percentiles of all latencies over all blocks."""
    by_second: defaultdict[int, list[Second]] = defaultdict(list)
    for block in blocks:
        for second in block.seconds:
            by_second[second.at_s].append(second)
    return [
        {
            "at_s": at_s,
            "offered": round(sum(one.offered for one in seconds) / len(blocks) / interval_s(at_s), 2),
            **percentiles(_merged(one.latencies for one in seconds), 50, 95),
        }
        for at_s, seconds in sorted(by_second.items())
    ]


def _operations(blocks: Sequence[BlockResult]) -> dict[str, Figures]:
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for block in blocks:
        for name, histogram in block.by_operation.items():
            by_name[name].append(histogram)
    totals = {name: _merged(histograms) for name, histograms in sorted(by_name.items())}
    return {name: {"count": total.get_total_count(), **percentiles(total, 50, 95)} for name, total in totals.items()}


def _block(block: BlockResult) -> Figures:
    """Return a block as `diff` resamples it: about 200 bytes for two seconds, because the histogram is compressed."""
    return {"succeeded": block.succeeded, "latencies": block.latencies}


def _merged(histograms: Iterable[str]) -> HdrHistogram:
    return merge(map(decode, histograms))


def _sum(blocks: Sequence[BlockResult], name: str) -> int:
    return sum(getattr(block, name) for block in blocks)
