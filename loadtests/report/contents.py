"""What a report contains: a comparison, chapters of other commands, or both."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from loadtests.report import capacity, cold_starts, comparison, explain, method
from loadtests.report import findings as comparison_findings
from loadtests.report.charts import Report, Series
from loadtests.report.tables import Chapter, Finding, Table

COMMANDS: dict[str, Callable[[Report], Chapter]] = {  # by the key of their figures in report.json
    "capacity": capacity.chapter,
    "cold_starts": cold_starts.chapter,
    "explain": explain.chapter,
}


def is_comparison(report: Report) -> bool:
    """Return whether a report has a comparison."""
    return "scenarios" in report


def question(report: Report) -> str:
    """Return the question of the comparison, or those of the chapters if there is none."""
    if is_comparison(report):
        return comparison_findings.question(report)
    return " ".join(chapter.question for chapter in command_chapters(report))


def findings(report: Report) -> list[Finding]:
    """Return the findings of the first screen: of the comparison, or of the chapters if there is none."""
    if is_comparison(report):
        return comparison_findings.findings(report)
    return [finding for chapter in command_chapters(report) for finding in chapter.findings]


def alerts(report: Report) -> list[tuple[str, str]]:
    """Return kind and text of each reason not to trust the report as a whole."""
    voids = [("Void", reason) for reason in report.get("voids", ())]
    cut = [("Incomplete", report["ended_by"])] if not report.get("complete", True) else []
    chapters = [
        ("Incomplete", f"{name.replace('_', ' ')}, {figures['ended_by']}")
        for name, figures in report.items()
        if name in COMMANDS and not figures.get("complete", True)
    ]
    return [*voids, *cut, *chapters]


def chapters(report: Report, series: Series) -> list[Chapter]:
    """Return all chapters in their order."""
    compared = comparison.chapters(report, series) if is_comparison(report) else ()
    return [*compared, *command_chapters(report), method.chapter(report), _settings(report)]


def command_chapters(report: Report) -> Iterator[Chapter]:
    """Yield the chapter of each command that a report has figures of."""
    return (command_chapter(report, name) for name in COMMANDS if report.get(name))


def command_chapter(report: Report, name: str) -> Chapter:
    """Return the chapter of a command. Its notes say if it is incomplete, or from another commit or machine."""
    figures = report[name]
    chapter = COMMANDS[name](figures)
    incomplete = [] if figures.get("complete", True) else [f"Incomplete: {figures['ended_by']}."]
    other = [
        f"Measured on another {key} than the rest: {_text(figures[key])}."
        for key in ("commit", "machine")
        if figures.get(key) != report[key]
    ]
    return replace(chapter, notes=[*incomplete, *chapter.notes, *other])


def machine(report: Report) -> str:
    """Return the machine in a few words."""
    known = report["machine"]
    return f"{known['cores']} cores of {known['processor']}, {known['memory_gib']} GiB, {known['system']}"


def _settings(report: Report) -> Chapter:
    values = {
        "machine": machine(report), "profile": report.get("profile", "none"), "commit": report["commit"],
        **report.get("settings", {}), **report["versions"],
    }  # fmt: skip
    rows = [(name.replace("_", " "), _text(value)) for name, value in values.items()]
    return Chapter(
        name="settings", title="Settings and versions", tables=[Table(columns=("setting", "value"), rows=rows)]
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
