"""How a run was measured: the points of docs/method.md, each with what this run did for it, said by its figures."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from loadtests.report import chapters, tables
from loadtests.report.parts import Section, table
from loadtests.report.verdicts import judged

HEAD = ("", "point", "what this run did for it")
NOT_COVERED = "not covered by this run"
Report = dict[str, Any]


class Point(NamedTuple):
    """One point: what it asks for, and what a report says of it; nothing where the run has no figures for it."""

    asks: str
    said: Callable[[Report], str]


def section(report: Report) -> Section:
    """Return the section of all points; one that the run does not cover says so."""
    return Section(
        name="method",
        title="How this was measured",
        words="What makes a comparison worth believing, point by point, and what this run did for each, from its own figures. "
        "docs/method.md says how.",
        tables=[table(HEAD, points(report))],
    )


def points(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield number, point, and what the run did for it."""
    for number, point in enumerate(POINTS, 1):
        yield str(number), point.asks, point.said(report) or NOT_COVERED


def _parity(report: Report) -> str:
    return tables.parity(report) if report.get("parity", {}).get("checks") else ""


def _origins(report: Report) -> str:
    """Count the groups of figures by their origin."""
    found = list(_named("origin", report))
    return ", ".join(f"{found.count(name)} {name}" for name in sorted(set(found))) + " groups of figures"


def _floor(report: Report) -> str:
    rows = list(tables.floors(report)) if report.get("floors") else []
    return "; ".join(f"{side}, {floor}: {median} ms" for side, floor, median, *_ in rows)


def _open_load(report: Report) -> str:
    sides = list(_loaded(report))
    if not sides:
        return ""
    offered, dropped = sum(one["offered_rate"] * one["seconds"] for one in sides), sum(one["dropped"] for one in sides)
    return f"{offered:,.0f} requests at their times, {dropped} of them dropped; histograms of 0.1 ms, merged"


def _generator(report: Report) -> str:
    sides = list(_loaded(report))
    if not sides:
        return ""
    busiest, late = max(one["generator_cpu"] for one in sides), sum(one["late"] for one in sides)
    void = "void, as the first screen says" if report["voids"] else "nothing void"
    return f"at most {busiest * 100:.0f} % of a core, {late} requests started late; {void}"


def _resources(report: Report) -> str:
    return "; ".join(f"{side}: {words}" for side, words, _ in tables.resources(report))


def _repeats(report: Report) -> str:
    settings = report.get("settings", {})
    if not settings.get("blocks_a_side"):
        return ""
    verdicts = [one["verdict"] for scenario in report["scenarios"].values() for one in judged(scenario).values()]
    kinds = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in sorted(set(verdicts)))
    return f"{settings['blocks_a_side']} blocks a side of {settings['block_s']:g} s, in turns; verdicts: {kinds}"


def _capacity(report: Report) -> str:
    found = report.get("capacity", {})
    return f"the knee at {found['slo']} of {', '.join(found['scenarios'])}" if found.get("scenarios") else ""


def _freshness(report: Report) -> str:
    lags = [lag for sides in report.get("freshness", {}).values() for lag in sides.values()]
    if not lags:
        return ""
    trials, stale = sum(lag["trials"] for lag in lags), sum(lag["stale_first_reads"] for lag in lags)
    lost = sum(one.get(side, 0) for one in report["after_the_load"].values() for side in tables.sides(report))
    return (
        f"{trials} lags of {len(report['freshness'])} kinds, {stale} first reads stale; {lost} effects lost or doubled"
    )


def _bill(report: Report) -> str:
    functions = report.get("cold_starts", {}).get("functions", {})
    return f"only GB-seconds with INIT, of {len(functions)} functions; no bill is made yet" if functions else ""


def _generated(report: Report) -> str:
    return f"everything here is made from report.json, schema {report['schema']}, of commit {report['commit']}"


def _traps(report: Report) -> str:
    if not chapters.compared(report):
        return ""
    shared = f"the generator shared the {report['machine']['cores']} cores, and "
    count = sum(one["refusals"] for one in _loaded(report))
    refused = f"{count:,} refusals are neither failures nor throughput, no arithmetic mean is shown"
    stolen = report.get("cpu_steal_percent")
    slowed = (
        "nobody counted what the host took of them"
        if stolen is None
        else f"the host took {stolen:g} % of them under load"
    )
    return f"{shared}{slowed}; {refused}"


def _loaded(report: Report) -> Iterator[dict[str, Any]]:
    """Yield what each side made of each scenario."""
    if chapters.compared(report):
        for scenario in report["scenarios"].values():
            yield from (scenario[side] for side in tables.sides(report))


def _named(name: str, value: Any) -> Iterator[str]:
    """Yield every text of that name, however deep it lies."""
    if isinstance(value, dict):
        own = [value[name]] if isinstance(value.get(name), str) else []
        yield from chain(own, *(_named(name, inner) for inner in value.values()))
    elif isinstance(value, list):
        yield from chain(*(_named(name, inner) for inner in value))


POINTS = (
    Point("no figures without parity", _parity),
    Point("every figure says where it is from", _origins),
    Point("the floor is measured in the same run", _floor),
    Point("requests arrive whatever the answers do", _open_load),
    Point("the generator proves itself", _generator),
    Point("neither side has what the other has not", _resources),
    Point("repeats in turns, intervals over blocks, and noise is called noise", _repeats),
    Point("capacity is found", _capacity),
    Point("freshness and lost effects are results", _freshness),
    Point("the bill comes from counted units", _bill),
    Point("generated, never typed", _generated),
    Point("known traps are avoided by name", _traps),
)
