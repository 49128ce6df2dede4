"""The chapters of a comparison: its tables and charts, from report.json and series.json."""

from collections.abc import Iterator
from typing import Any

from loadtests.report.charts import Report, Series, floor_chart, freshness_chart, over_time_charts, percentile_charts
from loadtests.report.tables import Chapter, Column, Row, Table, milliseconds, number, percent, table_of
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
P50, P95, P99 = (Column(f"{name} ms", f"{name}_ms", milliseconds) for name in ("p50", "p95", "p99"))
SIDE, ORIGIN = Column("side"), Column("origin", terminal=False)
SCENARIO_COLUMNS = (
    Column("scenario"), SIDE, Column("offered/s", "offered_rate", number, terminal=False), Column("goodput/s", "goodput", number),
    Column("errors"), Column("refused", "refusals"), Column("dropped", terminal=False), P50, P95, P99,
    Column("generator CPU", "generator_cpu", percent, terminal=False), ORIGIN,
)  # fmt: skip
VERDICT_COLUMNS = (
    Column("scenario"), Column("metric"), Column("ratio"), Column("99 % interval", "interval"),
    Column("effect size", "standardised", "{:+.1f}".format), Column("better", "verdict"), Column("note", terminal=False),
)  # fmt: skip
FLOOR_COLUMNS = (SIDE, Column("floor"), P50, P95, ORIGIN)
LAG_COLUMNS = (
    Column("from → to", "label"), SIDE, P50, P95, Column("max ms", "max_ms", milliseconds),
    Column("stale first reads", "stale", terminal=False), ORIGIN,
)  # fmt: skip
OPERATION_COLUMNS = (Column("requests", "count", "{:,}".format), P50, P95)  # of each side
LIVE_COLUMNS = (
    SIDE, Column("subscribers", terminal=False), Column("writes", terminal=False), Column("messages"), Column("lost"),
    Column("doubled"), P50, P95, Column("last p50 ms", "last_p50_ms", milliseconds, terminal=False),
    Column("last p95 ms", "last_p95_ms", milliseconds), ORIGIN,
)  # fmt: skip


def chapters(report: Report, series: Series) -> Iterator[Chapter]:
    """Yield the chapters that a comparison has figures for."""
    yield _verdicts(report)
    yield _scenarios(report, series)
    yield Chapter(
        name="percentiles",
        title="Latency by percentile",
        intro="Both scales are logarithmic, and the tail is stretched.",
        charts=lambda: percentile_charts(series),
    )
    yield _over_time(report["settings"].get("shape", STEADY), series)
    if report["floors"]:
        yield _floors(report)
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
    sides, rows = report["sides"], []
    for name, one in report["scenarios"].items():
        times = [milliseconds(one[side][which]) for side in sides for which in ("p50_ms", "p95_ms")]
        verdict = one["metrics"]["p95_ms"]["verdict"] if one["metrics"] else "too few blocks"
        rows.append((name, f"{one[sides[0]]['offered_rate']:g}", *times, verdict))
    return Table(columns=("scenario", "offered/s", *_by_side(report, "p50 ms", "p95 ms"), "lower p95"), rows=rows)


def parity_text(report: Report) -> str:
    """Return the result of the parity check in words."""
    parity = report["parity"]
    alone = parity.get("rechecked_alone", 0)
    note = f" ({alone} timed out in parallel and passed alone)" if alone else ""
    return f"{parity['checks']:,} checks, {parity['failed']} failed{note}"


def summaries(report: Report) -> list[dict[str, Any]]:
    """Return the figures of each scenario and side, with their names; none without a comparison."""
    scenarios = report.get("scenarios", {}).items()
    return [{"scenario": name, "side": side, **one[side]} for name, one in scenarios for side in report["sides"]]


def _by_side(report: Report, *names: str) -> list[str]:
    """Return the headings of these figures on both sides, of times with their origin."""
    origins = {one["side"]: f", {one['origin']}" for one in summaries(report)}
    return [
        f"{side} {name}{origins.get(side, '') if name.endswith('ms') else ''}"
        for side in report["sides"]
        for name in names
    ]


def _verdicts(report: Report) -> Chapter:
    first, second = report["sides"]
    records = [
        {
            **one,
            "scenario": name,
            "metric": METRICS[metric],
            "ratio": _ratio(one["ratio"]),
            "interval": f"{_ratio(one['low'])} – {_ratio(one['high'])}",
            "standardised": one["effect"]["standardised"],
            "note": "" if one.get("samples_beyond", FEW_SAMPLES) >= FEW_SAMPLES else f"requests beyond it: {one['samples_beyond']}",
        }
        for name, scenario in report["scenarios"].items()
        for metric, one in scenario["metrics"].items()
    ]  # fmt: skip
    return Chapter(
        name="verdicts",
        title="Verdicts",
        intro=f"Ratios are {second} over {first}, from pairs of blocks. A side is better if the interval excludes 1, the paired "
        "test is significant and the difference exceeds 5 %. The effect size is in standard deviations of a block.",
        tables=[table_of(records, VERDICT_COLUMNS, origin=report["parity"]["origin"])],
    )


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value <= MAX_RATIO else f"> {MAX_RATIO}"


def _scenarios(report: Report, series: Series) -> Chapter:
    lost = [
        f"{one['scenario']}, {one['side']}: lost {worker['name']} of the load generator, last report {worker['at_s']:g} s into the "
        f"scenario; {worker['arrivals']} arrivals are unknown and in no count"
        for one in summaries(report)
        for worker in one.get("lost_workers", ())
    ]  # fmt: skip
    reasons = [
        f"{name}, {side}: {count} × {reason}"
        for name, sides in series["scenarios"].items()
        for side, one in sides.items()
        for reason, count in one["reasons"].items()
    ]
    return Chapter(
        name="scenarios",
        title="Scenarios",
        intro="Open load: requests arrive at the offered rate, whatever the response times are. Each is timed from its intended "
        "start. Goodput counts responses with the asserted outcome in time. Refused: status 429, 503 or another 4xx. Error: a "
        "wrong, late or missing response. Dropped: not sent, because too many requests were open.",
        tables=[table_of(summaries(report), SCENARIO_COLUMNS), _operations(report, series)],
        notes=[*lost, *reasons],
    )


def _operations(report: Report, series: Series) -> Table:
    """Return requests and latency of each operation, as Locust lists them."""
    rows: list[Row] = []
    for name, sides in series["scenarios"].items():
        for operation in sorted({each for side in sides.values() for each in side["operations"]}):
            own = [side["operations"].get(operation, {}) for side in sides.values()]
            rows.append((name, operation, *(column.text(one) for one in own for column in OPERATION_COLUMNS)))
    columns = ("scenario", "operation", *_by_side(report, *(column.name for column in OPERATION_COLUMNS)))
    return Table(title="By operation", columns=columns, rows=rows, terminal=())


def _over_time(shape: str, series: Series) -> Chapter:
    whole_run = (
        "Blocks of both sides alternate, so that a disturbance of the machine affects both. Each symbol is a second"
    )
    block = "Each symbol is a second of a block, over all blocks of a side; the dotted line is the offered rate"
    return Chapter(
        name="over-time",
        title="Latency over time" if shape == STEADY else f"Load and latency over time: {shape}",
        intro=f"{whole_run if shape == STEADY else block}. Filled: p95; hollow: p50.",
        charts=lambda: over_time_charts(series),
    )


def _floors(report: Report) -> Chapter:
    records = [
        {"side": side, "floor": label, **floors[name], "origin": floors["origin"]}
        for side, floors in report["floors"].items()
        for name, label in FLOORS.items()
    ]
    return Chapter(
        name="floor",
        title="Time above the floor",
        intro="The floor is an empty route on the same server, and an empty function behind the same gateway, measured in this "
        "run. The time above it is the system's own.",
        charts=lambda: floor_chart(report),
        tables=[table_of(records, FLOOR_COLUMNS)],
    )  # fmt: skip


def _freshness(report: Report, series: Series) -> Chapter:
    records = [
        {**lag, "label": label + " (on both)" * (kind in EVENTUAL_ON_BOTH), "side": side, "stale": _stale(kind, lag)}
        for kind, label in FRESHNESS.items()
        for side, lag in report["freshness"].get(kind, {}).items()
    ]
    return Chapter(
        name="freshness",
        title="Freshness",
        intro="The time from the response to a write until the first read that shows it, on a quiet system. Each dot is one trial "
        "and includes one read. The lag of a live message ends at the subscriber. Avatars, trending and live messages are "
        "eventually consistent on both sides.",
        charts=lambda: freshness_chart(series, FRESHNESS),
        tables=[table_of(records, LAG_COLUMNS)],
    )


def _stale(kind: str, lag: dict[str, Any]) -> str:
    stale = "–" if kind in PUSHED else f"{lag['stale_first_reads']} of {lag['trials']}"
    return stale + (f", {lag['never']} never" if lag["never"] else "")


def _live(report: Report) -> Chapter:
    records = [
        {**one, "side": side, **one["from_answer"], **{f"last_{key}": ms for key, ms in one["to_last_subscriber"].items()}}
        for side, one in report["live"].items()
    ]  # fmt: skip
    return Chapter(
        name="live",
        title="Live feed",
        intro="The time under load from the response to a write until each subscriber has its message, and until the last one has "
        "it. A message that arrives before the response counts as 0. The other chapters time the scenario live from the "
        "intended start of the write; its rate counts messages, one for each write and subscriber.",
        tables=[table_of(records, LIVE_COLUMNS)],
    )


def _effects(report: Report) -> Chapter:
    sides, effects = report["sides"], report["after_the_load"]
    rows = [(EFFECTS[kind], *(str(counts.get(side, "–")) for side in sides)) for kind, counts in effects.items()]
    return Chapter(
        name="effects",
        title="Lost or doubled effects",
        intro="A consistency audit after the load, through the API: every vote for the hot post, and for every account "
        "100 = credits + fulfilled orders. Both systems promise 0.",
        tables=[Table(columns=("effect", *sides), rows=rows, origin="counted")],
    )


def _resources(report: Report) -> Chapter:
    records = [{"side": side, **one} for side, one in report["resources"].items()]
    return Chapter(
        name="resources",
        title="Resources",
        intro="Read from the running systems before and after the load. Unequal resources void a run. A deployed system does not "
        "report them.",
        tables=[table_of(records, (SIDE, Column("concurrency and cores", "summary"), Column("origin")))],
    )
