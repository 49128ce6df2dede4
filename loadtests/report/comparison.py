"""The chapters of a comparison: its tables and charts, from report.json and series.json."""

from collections.abc import Iterator
from typing import Any

from loadtests.report.charts import (
    Report,
    Series,
    failure_chart,
    floor_chart,
    freshness_chart,
    over_time_charts,
    percentile_charts,
    shape_charts,
)
from loadtests.report.tables import Chapter, Row, Table, milliseconds, percent
from loadtests.shapes import STEADY
from loadtests.statistics.verdicts import FEW_SAMPLES

METRICS = {"geometric_mean_ms": "geo mean", "p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "goodput": "goodput"}
FLOORS = {"empty": "empty response", "key_read": "one read by key"}
FRESHNESS = {
    "vote_to_post_score": "vote → score",
    "vote_to_leaderboard_json": "vote → leaderboard",
    "vote_to_leaderboard_html": "vote → page",
    "post_to_search": "post → search",
    "order_to_settled": "order → settled",
    "avatar_to_shown": "avatar → shown",
    "view_to_trending": "view → trending",
    "post_to_live": "post → live message",
    "vote_to_live": "vote → live message",
}
EVENTUAL_ON_BOTH = ("avatar_to_shown", "view_to_trending", "post_to_live", "vote_to_live")
PUSHED = ("post_to_live", "vote_to_live")  # without a read, no read is stale
EFFECTS = {
    "lost_or_doubled_votes": "votes lost or counted twice",
    "lost_or_doubled_credits": "credits lost or charged twice",
    "lost_or_doubled_boost_days": "boost days lost or granted twice",
    "wrong_orders": "orders settled wrongly",
    "unsettled_orders": "orders not settled",
    "lost_live_messages": "live messages lost",
    "doubled_live_messages": "live messages sent twice",
}
MAX_RATIO = 100  # a larger one is shown as > 100


def chapters(report: Report, series: Series) -> Iterator[Chapter]:
    """Yield the chapters that a comparison has figures for."""
    yield _verdicts(report)
    yield _scenarios(report)
    yield Chapter(
        name="percentiles",
        title="Latency by percentile",
        intro="Both scales are logarithmic, and the tail is stretched.",
        charts=lambda: percentile_charts(series),
    )
    if (shape := report["settings"].get("shape", STEADY)) != STEADY:
        yield Chapter(
            name="shape",
            title=f"Load and latency over time: {shape}",
            intro="Above: the arrivals due in each second of a block. Below: the latency of those arrivals over all blocks of a "
            "side; thick p95, thin p50.",
            charts=lambda: shape_charts(series),
        )
    yield Chapter(
        name="over-time",
        title="Latency over time",
        intro="Blocks of both sides alternate, so that a disturbance of the machine affects both. Each symbol is a second: "
        "filled p95, hollow p50.",
        charts=lambda: over_time_charts(series),
    )
    yield _floors(report)
    yield _outcomes(report, series)
    if report["freshness"]:
        yield _freshness(report, series)
    if report.get("live"):
        yield _live(report)
    if report.get("after_the_load"):
        yield _effects(report)
    if report.get("resources"):
        yield _resources(report)


def results_table(report: Report) -> Table:
    """Return the table of the first screen and of the README: a row for each scenario."""
    sides, scenarios = report["sides"], report["scenarios"]
    origins = {side: one[side]["origin"] for one in scenarios.values() for side in sides}
    columns = [f"{side} {which} ms, {origins.get(side, 'measured')}" for side in sides for which in ("p50", "p95")]
    rows = []
    for name, scenario in scenarios.items():
        times = [milliseconds(scenario[side][which]) for side in sides for which in ("p50_ms", "p95_ms")]
        verdict = scenario["metrics"]["p95_ms"]["verdict"] if scenario["metrics"] else "too few blocks"
        rows.append((name, f"{scenario[sides[0]]['offered_rate']:g}", *times, verdict))
    return Table(columns=("scenario", "offered/s", *columns, "lower p95"), rows=rows)


def parity_text(report: Report) -> str:
    """Return the result of the parity check in words."""
    parity = report["parity"]
    alone = parity.get("rechecked_alone", 0)
    return f"{parity['checks']:,} checks, {parity['failed']} failed" + (
        f" ({alone} timed out in parallel and passed alone)" if alone else ""
    )


def lost_workers(report: Report) -> Iterator[str]:
    """Yield a sentence for each worker of the load generator that was lost."""
    for name, scenario in report["scenarios"].items():
        for side in report["sides"]:
            for one in scenario[side].get("lost_workers", ()):
                yield (
                    f"{name}, {side}: lost {one['name']} of the load generator, last report {one['at_s']:g} s into the scenario; "
                    f"{one['arrivals']} arrivals are unknown and in no count"
                )


def _verdicts(report: Report) -> Chapter:
    first, second = report["sides"]
    rows = [
        (name, METRICS[metric], *_verdict(one))
        for name, scenario in report["scenarios"].items()
        for metric, one in scenario["metrics"].items()
    ]
    table = Table(
        columns=("scenario", "metric", "ratio", "99 % interval", "change", "effect size", "better", "note"),
        rows=rows,
        origin=report["parity"]["origin"],
        terminal=("scenario", "metric", "ratio", "99 % interval", "effect size", "better"),
    )
    return Chapter(
        name="verdicts",
        title="Verdicts",
        intro=f"Ratios are {second} over {first}, from pairs of blocks. A side is better if the interval excludes 1, the paired "
        "test is significant and the difference exceeds 5 %. The effect size is in standard deviations of a block.",
        tables=[table],
    )


def _verdict(one: dict[str, Any]) -> Row:
    effect, beyond = one["effect"]["standardised"], one.get("samples_beyond", FEW_SAMPLES)
    return (
        _ratio(one["ratio"]),
        f"{_ratio(one['low'])} – {_ratio(one['high'])}",
        f"{one['effect']['change_percent']:+,.0f} %",
        "–" if effect is None else f"{effect:+.1f}",
        one["verdict"],
        "" if beyond >= FEW_SAMPLES else f"requests beyond it: {beyond}",
    )


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value <= MAX_RATIO else f"> {MAX_RATIO}"


def _scenarios(report: Report) -> Chapter:
    rows = [
        (
            name, side, f"{one['offered_rate']:g}", f"{one['goodput']:g}",
            *(str(one[key]) for key in ("errors", "refusals", "dropped")),
            *(milliseconds(one[key]) for key in ("p50_ms", "p95_ms", "p99_ms")), percent(one["generator_cpu"]), one["origin"],
        )
        for name, scenario in report["scenarios"].items()
        for side in report["sides"]
        for one in [scenario[side]]
    ]  # fmt: skip
    table = Table(
        columns=(
            "scenario", "side", "offered/s", "goodput/s", "errors", "refused", "dropped", "p50 ms", "p95 ms", "p99 ms",
            "generator CPU", "origin",
        ),
        rows=rows,
        terminal=("scenario", "side", "goodput/s", "errors", "refused", "p50 ms", "p95 ms", "p99 ms"),
    )  # fmt: skip
    return Chapter(
        name="scenarios",
        title="Scenarios",
        intro="Open load: requests arrive at the offered rate, whatever the response times are. Each is timed from its intended "
        "start. Goodput counts responses with the asserted outcome in time; refusals and errors are counted apart.",
        tables=[table],
    )


def _floors(report: Report) -> Chapter:
    rows = [
        (side, label, milliseconds(floors[name]["p50_ms"]), milliseconds(floors[name]["p95_ms"]), floors["origin"])
        for side, floors in report["floors"].items()
        for name, label in FLOORS.items()
    ]
    intro = (
        "The floor is an empty route on the same server, and an empty function behind the same gateway, measured in this run. "
        "The time above it is the system's own."
    )
    return Chapter(
        name="floor",
        title="Time above the floor",
        intro=intro if rows else "Not measured: a deployed system or a run of one system against itself has no floor.",
        charts=lambda: floor_chart(report) if rows else (),
        tables=[Table(columns=("side", "floor", "p50 ms", "p95 ms", "origin"), rows=rows)] if rows else (),
    )


def _outcomes(report: Report, series: Series) -> Chapter:
    reasons = (
        f"{name}, {side}: {count} × {reason}"
        for name, sides in series["scenarios"].items()
        for side, one in sides.items()
        for reason, count in one["reasons"].items()
    )
    return Chapter(
        name="outcomes",
        title="Errors and refusals",
        intro="Refused: status 429, 503 or another 4xx. Error: a wrong, late or missing response. Dropped: not sent, because too "
        "many requests were open.",
        charts=lambda: failure_chart(report),
        notes=[*lost_workers(report), *reasons],
    )


def _freshness(report: Report, series: Series) -> Chapter:
    rows = [
        _lag(FRESHNESS[kind] + (" (on both)" if kind in EVENTUAL_ON_BOTH else ""), side, lag, pushed=kind in PUSHED)
        for kind in FRESHNESS
        for side, lag in report["freshness"].get(kind, {}).items()
    ]
    table = Table(
        columns=("from → to", "side", "p50 ms", "p95 ms", "max ms", "stale first reads", "origin"),
        rows=rows,
        terminal=("from → to", "side", "p50 ms", "p95 ms", "max ms"),
    )
    return Chapter(
        name="freshness",
        title="Freshness",
        intro="The time from the response to a write until the first read that shows it, on a quiet system. Each dot is one trial "
        "and includes one read. The lag of a live message ends at the subscriber. Avatars, trending and live messages are "
        "eventually consistent on both sides.",
        charts=lambda: freshness_chart(series, FRESHNESS),
        tables=[table],
    )


def _lag(label: str, side: str, lag: dict[str, Any], *, pushed: bool) -> Row:
    stale = "–" if pushed else f"{lag['stale_first_reads']} of {lag['trials']}"
    never = f", {lag['never']} never" if lag["never"] else ""
    times = (milliseconds(lag[key]) for key in ("p50_ms", "p95_ms", "max_ms"))
    return label, side, *times, stale + never, lag["origin"]


def _live(report: Report) -> Chapter:
    counts = ("subscribers", "writes", "messages", "lost", "doubled")
    rows = [
        (
            side, *(str(live[key]) for key in counts),
            *(milliseconds(live[of][key]) for of in ("from_answer", "to_last_subscriber") for key in ("p50_ms", "p95_ms")),
            live["origin"],
        )
        for side, live in report["live"].items()
    ]  # fmt: skip
    table = Table(
        columns=("side", *counts, "p50 ms", "p95 ms", "last p50 ms", "last p95 ms", "origin"),
        rows=rows,
        terminal=("side", "messages", "lost", "doubled", "p50 ms", "p95 ms", "last p95 ms"),
    )
    return Chapter(
        name="live",
        title="Live feed",
        intro="The time under load from the response to a write until each subscriber has its message, and until the last one has "
        "it. A message that arrives before the response counts as 0. The other chapters time the scenario live from the "
        "intended start of the write; its rate counts messages, one for each write and subscriber.",
        tables=[table],
    )


def _effects(report: Report) -> Chapter:
    effects = report["after_the_load"]
    rows = [
        (label, *(str(effects[kind].get(side, "–")) for side in report["sides"]))
        for kind, label in EFFECTS.items()
        if kind in effects
    ]
    table = Table(columns=("effect", *report["sides"]), rows=rows, origin=report["parity"]["origin"])
    return Chapter(
        name="effects",
        title="Lost or doubled effects",
        intro="A consistency audit after the load, through the API: every vote for the hot post, and for every account "
        "100 = credits + fulfilled orders. Both systems promise 0.",
        tables=[table],
    )


def _resources(report: Report) -> Chapter:
    rows = [(side, one["summary"], one["origin"]) for side, one in report["resources"].items()]
    return Chapter(
        name="resources",
        title="Resources",
        intro="Read from the running systems before and after the load. Unequal resources void a run. A deployed system does not "
        "report them.",
        tables=[Table(columns=("side", "concurrency and cores", "origin"), rows=rows)],
    )
