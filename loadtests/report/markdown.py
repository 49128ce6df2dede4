"""The report as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from loadtests.report import chapters, method, tables
from loadtests.report.parts import Section


def as_markdown(report: dict[str, Any]) -> str:
    """Return the report as a page of Markdown."""
    versions = {**report.get("settings", {}), **report["versions"]}
    lines = [
        *(_comparison(report) if chapters.compared(report) else _chapters_alone(report)),
        *(line for section in (*chapters.sections(report), method.section(report)) for line in _chapter(section)),
        "## Settings and versions",
        "",
        *(f"- {name}: {value}" for name, value in versions.items()),
    ]
    return "\n".join(lines) + "\n"


def _comparison(report: dict[str, Any]) -> list[str]:
    return [
        "# Monolith or microservices: one comparison",
        "",
        f"Commit {report['commit']}, profile {report['profile']}, {_machine(report)}. Parity: {tables.parity(report)}.",
        "",
        *(f"**Void: {why}.**\n" for why in report["voids"]),
        *([] if report["complete"] else [f"**Incomplete: {report['ended_by']}.**\n"]),
        *table(tables.VERDICT_HEAD, tables.verdicts(report)),
        "",
        *table(tables.SCENARIO_HEAD, tables.scenarios(report)),
        "",
        *_section("Floors", tables.FLOOR_HEAD, tables.floors(report)),
        *_section("Freshness", tables.FRESHNESS_HEAD, tables.freshness(report)),
        *_section("The live feed", tables.LIVE_HEAD, tables.live(report)),
        *_section("Lost or doubled", tables.effects_head(report), tables.effects(report)),
        *_section("What each side may use", tables.RESOURCES_HEAD, tables.resources(report)),
    ]


def _chapters_alone(report: dict[str, Any]) -> list[str]:
    return ["# Monolith or microservices", "", f"Commit {report['commit']}, {_machine(report)}.", ""]


def _chapter(section: Section) -> list[str]:
    return [
        f"## {section.title}",
        "",
        *(f"- {sentence.words} *({sentence.origin})*" for sentence in section.sentences),
        "",
        *(line for each in section.tables for line in (*table(each.head, each.rows), "")),
        *(f"{remark}\n" for remark in section.remarks),
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a title and its table, or nothing where there is nothing to show."""
    found = list(rows)
    return [f"## {title}", "", *table(head, found), ""] if found else []


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _machine(report: dict[str, Any]) -> str:
    machine = report["machine"]
    return f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}"
