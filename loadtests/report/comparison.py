"""The first screen and the chapters of a comparison, from report.json and series.json.

No finding has a ratio of emulated milliseconds: it would say more about the emulator than about the systems.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from loadtests.report import tables
from loadtests.report.charts import Report, Series, freshness_chart, percentile_charts, shape_charts
from loadtests.report.tables import Chapter, Column, Finding, Record, Table, milliseconds, number, percent, table_of
from loadtests.results import AUDITED, SIDES
from loadtests.shapes import STEADY
from loadtests.statistics import NOISE, TOO_FEW

QUESTION = "One application, built as a monolith and as microservices, with the same answers to every request."
SELF_QUESTION = "One system twice: does the comparison see a difference where there is none?"
METRICS = {"geometric_mean_ms": "geo mean", "p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "goodput": "goodput"}
FLOORS = {"empty": "empty response", "key_read": "one read by key"}
EVENTUAL_ON_BOTH = ("avatar_to_shown", "view_to_trending", "post_to_live", "vote_to_live")
PUSHED = ("post_to_live", "vote_to_live")  # without a read, no read is stale
MAX_RATIO = 100  # a larger one is shown as > 100
P50, P95, P99 = (Column(f"{name} ms", f"{name}_ms", milliseconds) for name in ("p50", "p95", "p99"))
SIDE, ORIGIN = Column("side"), Column("origin")
SCENARIO_COLUMNS = (
    Column("scenario"), SIDE, Column("offered/s", "offered_rate", number), Column("goodput/s", "goodput", number),
    Column("errors"), Column("refused", "refusals"), Column("dropped"), P50, P95, P99,
    Column("generator CPU", "generator_cpu", percent), Column("late"), ORIGIN,
)  # fmt: skip
VERDICT_COLUMNS = (
    Column("scenario"), Column("metric"), Column("ratio"), Column("99 % interval", "interval"),
    Column("better", "verdict"),
)  # fmt: skip
FLOOR_COLUMNS = (SIDE, Column("floor"), P50, P95, ORIGIN)
LAG_COLUMNS = (
    Column("from → to", "label"), SIDE, Column("trials"), P50, P95, Column("range ms", "range"),
    Column("stale first reads", "stale"), Column("never"), ORIGIN,
)  # fmt: skip
OPERATION_COLUMNS = (Column("requests", "count", "{:,}".format), P50, P95)  # of each side
LIVE_COLUMNS = (
    SIDE, Column("subscribers"), Column("writes"), Column("messages"), Column("lost"),
    Column("doubled"), P50, P95, Column("last p50 ms", "last_p50_ms", milliseconds),
    Column("last p95 ms", "last_p95_ms", milliseconds), ORIGIN,
)  # fmt: skip


def question(report: Report) -> str:
    """Return the question of a comparison."""
    return QUESTION if of_two_systems(report) else SELF_QUESTION


def findings(report: Report) -> list[Finding]:
    """Return the findings: same answers, freshness, answers in time. For a system against itself, its verdicts in place of
    freshness."""
    origin = origin_of_times(report)
    compared = _freshness(report) if of_two_systems(report) else _self_comparison(report)
    return [Finding(_same_answers(report), "counted"), Finding(compared, origin), Finding(_in_time(report), origin)]


def of_two_systems(report: Report) -> bool:
    """Return whether the monolith was compared with the microservices, and not a system with itself."""
    return tuple(report["sides"]) == SIDES


def _same_answers(report: Report) -> str:
    parity, effects = report["parity"], report["after_the_load"]
    alone = parity.get("rechecked_alone", 0)
    note = f" ({alone} timed out in parallel and passed alone)" if alone else ""
    wrong = {side: sum(counts.get(side, 0) for counts in effects.values()) for side in report["sides"]}
    lost = ", ".join(f"{count} on the {side}" for side, count in wrong.items() if count)
    answers = f"Both systems gave the same answers in {parity['checks']:,} checks{note}. "
    if not lost and not all(side in effects.get(AUDITED, {}) for side in report["sides"]):
        return f"{answers}The consistency audit did not run."
    return f"{answers}Effects lost or doubled: {lost or 0}."


def _freshness(report: Report) -> str:
    lags = [
        sides
        for kind, sides in report["freshness"].items()
        if kind not in EVENTUAL_ON_BOTH and all(side in sides for side in SIDES) and sides["microservices"]["max_ms"]
    ]
    if not lags:
        return "Freshness was not measured."
    stale = sum(sides["monolith"]["stale_first_reads"] for sides in lags)
    visible = (
        f"with {stale} stale first reads of {sum(one['monolith']['trials'] for one in lags)}" if stale else "at once"
    )
    after = tables.span(one["microservices"][edge] for one in lags for edge in ("min_ms", "max_ms"))
    trials = sum(one["microservices"]["trials"] for one in lags)
    return f"Writes are visible {visible} on the monolith, and after {after} ms ({trials} trials) on the microservices."


def _self_comparison(report: Report) -> str:
    by_verdict: defaultdict[str, list[str]] = defaultdict(list)
    for name, scenario in report["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            by_verdict[one["verdict"]].append(f"{METRICS[metric]} of {name}")
    noise = by_verdict.pop(NOISE, [])
    others = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items())
    return f"Verdicts: {others}." if others else f"Within noise: none of {len(noise)} metrics differs."


def _in_time(report: Report) -> str:
    shares = dict.fromkeys(report["sides"], 1.0)
    for one in summaries(report):
        shares[one["side"]] = min(shares[one["side"]], one["goodput"] / (one["offered_rate"] or 1))
    (first, share), (second, other) = ((side, f"{100 * share:.4g} %") for side, share in shares.items())
    return (
        f"In the worst scenario of each, the {first} answered {share} of the offered requests correctly and in time, the "
        f"{second} {other}."
    )


def chapters(report: Report, series: Series) -> Iterator[Chapter]:
    """Yield the chapters that a comparison has figures for."""
    first, second = report["sides"]
    verdicts = table_of(_verdicts(report), VERDICT_COLUMNS, origin=origin_of_times(report))
    yield Chapter(name="verdicts", names={"first": first, "second": second}, tables=[verdicts])
    by_scenario = [table_of(summaries(report), SCENARIO_COLUMNS), _operations(report, series)]
    yield Chapter(name="scenarios", tables=by_scenario, notes=list(_reasons(series)))
    yield Chapter(name="percentiles", charts=lambda: percentile_charts(series))
    if (shape := report["settings"].get("shape", STEADY)) != STEADY:
        yield Chapter(name="shape", names={"shape": shape}, charts=lambda: shape_charts(series))
    if report["floors"]:
        yield Chapter(name="floor", tables=[table_of(_floors(report), FLOOR_COLUMNS)])
    if report["freshness"]:
        lags = [table_of(_lags(report), LAG_COLUMNS)]
        yield Chapter(name="freshness", charts=lambda: freshness_chart(series), tables=lags)
    if report.get("live"):
        yield Chapter(name="live", tables=[table_of(_live(report), LIVE_COLUMNS)])
    if report.get("after_the_load"):
        yield Chapter(name="effects", tables=[_effects(report)])


def results_table(report: Report) -> Table:
    """Return the table of the first screen: a row for each scenario, with the floor of each side subtracted next to its p50."""
    sides, floors, rows = report["sides"], report.get("floors") or {}, []
    for name, one in report["scenarios"].items():
        times = [P50.text({P50.key: time}) for side in sides for time in _times(one[side], floors.get(side))]
        verdict = one["metrics"]["p50_ms"]["verdict"] if "p50_ms" in one["metrics"] else TOO_FEW
        rows.append((name, f"{one[sides[0]]['offered_rate']:g}", *times, verdict))
    names = ("p50 ms", "above its floor ms") if floors else ("p50 ms", "p95 ms")
    return Table(columns=("scenario", "offered/s", *_by_side(report, *names), "lower p50 here"), rows=rows)


def _times(scenario: Record, floors: Record | None) -> tuple[float | None, float | None]:
    median, floor = scenario["p50_ms"], floors["empty"]["p50_ms"] if floors else None
    if not floors:
        return median, scenario["p95_ms"]
    return median, None if None in (median, floor) else max(0.0, median - floor)


def summaries(report: Report) -> list[dict[str, Any]]:
    """Return the figures of each scenario and side, with their names; none without a comparison."""
    scenarios = report.get("scenarios", {}).items()
    return [{"scenario": name, "side": side, **one[side]} for name, one in scenarios for side in report["sides"]]


def origin_of_times(report: Report) -> str:
    """Return the weaker origin of both sides' times."""
    return "emulated" if any(one["origin"] == "emulated" for one in summaries(report)) else "measured"


def _by_side(report: Report, *names: str) -> list[str]:
    """Return a heading for each figure on each side; those of times include the origin."""
    origins = {one["side"]: f", {one['origin']}" for one in summaries(report)}
    return [
        f"{side} {name}{origins.get(side, '') if name.endswith('ms') else ''}"
        for side in report["sides"]
        for name in names
    ]


def _verdicts(report: Report) -> Iterator[Record]:
    for name, scenario in report["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            yield {
                **one,
                "scenario": name,
                "metric": METRICS[metric],
                "ratio": _ratio(one["ratio"]),
                "interval": f"{_ratio(one['low'])} – {_ratio(one['high'])}",
            }


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value <= MAX_RATIO else f"> {MAX_RATIO}"


def _reasons(series: Series) -> Iterator[str]:
    for name, sides in series["scenarios"].items():
        for side, one in sides.items():
            yield from (f"{name}, {side}: {count} × {reason}" for reason, count in one["reasons"].items())


def _operations(report: Report, series: Series) -> Table:
    """Return requests and latency of each operation, as Locust lists them."""
    rows: list[tables.Row] = []
    for name, sides in series["scenarios"].items():
        for operation in sorted({each for side in sides.values() for each in side["operations"]}):
            own = [side["operations"].get(operation, {}) for side in sides.values()]
            rows.append((name, operation, *(column.text(one) for one in own for column in OPERATION_COLUMNS)))
    columns = ("scenario", "operation", *_by_side(report, *(column.name for column in OPERATION_COLUMNS)))
    return Table(title="By operation", columns=columns, rows=rows)


def _floors(report: Report) -> Iterator[Record]:
    for side, floors in report["floors"].items():
        for name, label in FLOORS.items():
            yield {"side": side, "floor": label, **floors[name], "origin": floors["origin"]}


def _lags(report: Report) -> Iterator[Record]:
    for kind, sides in report["freshness"].items():
        for side, lag in sides.items():
            stale = "–" if kind in PUSHED else f"{lag['stale_first_reads']} of {lag['trials']}"
            label = tables.words(kind) + (" (on both)" if kind in EVENTUAL_ON_BOTH else "")
            seen = tables.span((lag["min_ms"], lag["max_ms"])) if lag["trials"] > lag["never"] else None
            yield {**lag, "label": label, "side": side, "stale": stale, "range": seen}


def _live(report: Report) -> Iterator[Record]:
    for side, one in report["live"].items():
        last = {f"last_{key}": ms for key, ms in one["to_last_subscriber"].items()}
        yield {**one, "side": side, **one["from_answer"], **last}


def _effects(report: Report) -> Table:
    sides, effects = report["sides"], report["after_the_load"]
    rows = [(tables.words(kind), *(str(counts.get(side, "–")) for side in sides)) for kind, counts in effects.items()]
    return Table(columns=("effect", *sides), rows=rows, origin="counted")
