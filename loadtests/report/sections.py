"""The sections of the page, in their order. One that the report has no figures for is left out."""

from collections.abc import Callable, Iterator
from typing import Any

from loadtests.report import chapters, charts, method, shape, tables
from loadtests.report.parts import Section, table

Lines = dict[str, Any]
Report = dict[str, Any]


def sections(report: Report, lines: Lines) -> Iterator[Section]:
    """Yield what the page shows below its first screen."""
    for made in OF_A_COMPARISON if chapters.compared(report) else ():
        if section := made(report, lines):
            yield section
    yield from chapters.drawn(report)
    yield method.section(report)
    yield _settings(report)


def _scenarios(report: Report, _: Lines) -> Section:
    return Section(
        name="scenarios",
        title="Scenarios",
        words="Requests arrive at the offered rate whatever the answers do, and each is timed from when it was meant to "
        "start. Right answers are those with the asserted outcome, in time; refusals and errors are counted apart.",
        tables=[table(tables.SCENARIO_HEAD, tables.scenarios(report))],
    )


def _percentiles(_: Report, lines: Lines) -> Section:
    return Section(
        name="percentiles",
        title="Latency by percentile",
        words="The tail is stretched out to the right; both scales are logarithmic.",
        charts=list(charts.by_percentile(lines)),
    )


def _over_time(_: Report, lines: Lines) -> Section:
    return Section(
        name="over-time",
        title="Latency over time",
        words="Blocks of both sides take turns, so that whatever the machine does hits both. Filled: the 95th percentile of "
        "a second; hollow: its median.",
        charts=list(charts.over_time(lines)),
    )


def _above_floor(report: Report, _: Lines) -> Section:
    floors = report["floors"]
    return Section(
        name="floor",
        title="Time above the floor",
        words="The floor is an empty route on the same server, and an empty function behind the same gateway, measured in "
        "this run. What stands on it is the system's own."
        if floors
        else "No floors: nothing may be put beside a deployed system.",
        charts=list(charts.above_floor(report)) if floors else (),
        tables=[table(tables.FLOOR_HEAD, tables.floors(report))] if floors else (),
    )


def _outcomes(report: Report, lines: Lines) -> Section:
    return Section(
        name="outcomes",
        title="Errors against refusals",
        words="A refusal is said politely and at once; an error is a wrong, late or missing answer. Dropped arrivals found "
        "too many requests open.",
        charts=list(charts.outcomes(report)),
        remarks=[
            *tables.lost(report),
            *(
                f"{name}, {side}: {count} × {reason}"
                for name, sides in lines["scenarios"].items()
                for side, one in sides.items()
                for reason, count in one["reasons"].items()
            ),
        ],
    )


def _freshness(report: Report, lines: Lines) -> Section | None:
    if not report["freshness"]:
        return None
    return Section(
        name="freshness",
        title="Freshness",
        words="From the answer to a write until the first read that shows it, on a quiet system; each dot is one trial and "
        "includes one read. A live message comes by itself: its lag ends when the subscriber has it. Avatars, trending and "
        "live messages come later on both sides, by design.",
        charts=list(charts.freshness(lines)),
        tables=[table(tables.FRESHNESS_HEAD, tables.freshness(report))],
    )


def _live(report: Report, _: Lines) -> Section | None:
    if not report.get("live"):
        return None
    return Section(
        name="live",
        title="The live feed",
        words="From the answer to a write to its message at each subscriber, and to the last subscriber, under load. A "
        "message that overtakes the answer took no time. In the charts above, latencies of the scenario live run from the "
        "intended start of the write instead, and its rate counts messages, one for each write and subscriber who must hear "
        "of it.",
        tables=[table(tables.LIVE_HEAD, tables.live(report))],
    )


def _effects(report: Report, _: Lines) -> Section | None:
    if not report.get("after_the_load"):
        return None
    return Section(
        name="effects",
        title="Lost or doubled",
        words="The books after the load, added up again from what the systems show: every vote of the hot post, and for "
        "every account 100 = credits + fulfilled orders. 0 is the promise.",
        tables=[table(tables.effects_head(report), tables.effects(report))],
    )


def _resources(report: Report, _: Lines) -> Section | None:
    if not report.get("resources"):
        return None
    return Section(
        name="resources",
        title="What each side may use",
        words="Read from the running systems, before the load and after it. A run on unequal resources is void. A deployed "
        "system does not tell.",
        tables=[table(tables.RESOURCES_HEAD, tables.resources(report))],
    )


def _settings(report: Report) -> Section:
    machine = report["machine"]
    words = f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}"
    shown = {
        "machine": words, "generator": "on the same machine, a process of its own", "profile": report.get("profile", "none"),
        "commit": report["commit"], **report.get("settings", {}), **report["versions"],
    }  # fmt: skip
    rows = [(name.replace("_", " "), _in_words(value)) for name, value in shown.items()]
    return Section(name="settings", title="Settings and versions", tables=[table(("what", "value"), rows)])


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner:g}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


OF_A_COMPARISON: tuple[Callable[[Report, Lines], Section | None], ...] = (
    _scenarios, _percentiles, shape.section, _over_time, _above_floor, _outcomes, _freshness, _live, _effects, _resources,
)  # fmt: skip
