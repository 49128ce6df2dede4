"""How a run was measured: the points of docs/method.md, each with what this run did for it, from its own figures."""

import json
import re
from collections.abc import Callable

from loadtests.report.charts import Report
from loadtests.report.comparison import FLOORS, parity_text, summaries
from loadtests.report.tables import Chapter, Row, Table, milliseconds, percent

NOT_COVERED = "not covered by this run"


def chapter(report: Report) -> Chapter:
    """Return the chapter of all points; a point that the run does not cover says so."""
    return Chapter(
        name="method",
        tables=[Table(columns=("", "rule", "this run"), rows=points(report))],
    )


def points(report: Report) -> list[Row]:
    """Return number, rule and evidence of each point."""
    return [
        (str(place), rule, evidence(report) or NOT_COVERED) for place, (rule, evidence) in enumerate(POINTS.items(), 1)
    ]


def _parity(report: Report) -> str:
    return parity_text(report) if report.get("parity", {}).get("checks") else ""


def _origins(report: Report) -> str:
    origins = re.findall(r'"origin": "(\w+)"', json.dumps(report))
    return ", ".join(f"{origins.count(name)} {name}" for name in sorted(set(origins))) + " groups of figures"


def _floor(report: Report) -> str:
    return "; ".join(
        f"{side}, {label}: {milliseconds(floors[name]['p50_ms'])} ms"
        for side, floors in report.get("floors", {}).items()
        for name, label in FLOORS.items()
    )


def _open_load(report: Report) -> str:
    if not (sides := summaries(report)):
        return ""
    offered, dropped = sum(one["offered_rate"] * one["seconds"] for one in sides), sum(one["dropped"] for one in sides)
    return f"{offered:,.0f} requests on schedule, {dropped} of them dropped; merged histograms of 0.1 ms"


def _generator(report: Report) -> str:
    if not (sides := summaries(report)):
        return ""
    busiest, late = max(one["generator_cpu"] for one in sides), sum(one["late"] for one in sides)
    void = "void, see the first screen" if report["voids"] else "nothing void"
    return f"at most {percent(busiest)} of a core, {late} requests started late; {void}"


def _resources(report: Report) -> str:
    return "; ".join(f"{side}: {one['summary']}" for side, one in report.get("resources", {}).items())


def _repeats(report: Report) -> str:
    settings = report.get("settings", {})
    if not settings.get("blocks_a_side"):
        return ""
    verdicts = [one["verdict"] for scenario in report["scenarios"].values() for one in scenario["metrics"].values()]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
    return f"{settings['blocks_a_side']} interleaved blocks a side of {settings['block_s']:g} s; verdicts: {counts}"


def _capacity(report: Report) -> str:
    capacity = report.get("capacity", {})
    return f"the knee at {capacity['slo']} of {', '.join(capacity['scenarios'])}" if capacity.get("scenarios") else ""


def _freshness(report: Report) -> str:
    if not (lags := [lag for sides in report.get("freshness", {}).values() for lag in sides.values()]):
        return ""
    trials, stale = sum(lag["trials"] for lag in lags), sum(lag["stale_first_reads"] for lag in lags)
    wrong = sum(one.get(side, 0) for one in report["after_the_load"].values() for side in report["sides"])
    return (
        f"{trials} lags of {len(report['freshness'])} kinds, {stale} stale first reads; {wrong} effects lost or doubled"
    )


def _generated(report: Report) -> str:
    return f"all of it comes from report.json, schema {report['schema']}, of commit {report['commit']}"


def _traps(report: Report) -> str:
    if not (sides := summaries(report)):
        return ""
    steal, refused = report.get("cpu_steal_percent", "unknown"), sum(one["refusals"] for one in sides)
    return (
        f"the generator shares the {report['machine']['cores']} cores; CPU steal under load in percent: {steal}; {refused:,} "
        "refusals count neither as errors nor as goodput; no arithmetic mean"
    )


POINTS: dict[str, Callable[[Report], str]] = {  # an evidence is empty if the run has no figures for it
    "no figures without parity": _parity,
    "every figure carries its origin": _origins,
    "the floor is measured in the same run": _floor,
    "the load is open: requests arrive on schedule": _open_load,
    "the generator proves itself": _generator,
    "both sides have equal resources": _resources,
    "repeats are interleaved, intervals are over blocks, and noise is reported as noise": _repeats,
    "capacity is searched for, not guessed": _capacity,
    "freshness and consistency are results": _freshness,
    "the bill comes from counted units": lambda _: "",  # no report has a bill yet
    "figures are generated, never typed": _generated,
    "known traps are listed and avoided": _traps,
}
