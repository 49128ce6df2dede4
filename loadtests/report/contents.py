"""What every form of a report shows: a comparison, chapters of other commands, or both."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from loadtests.report import answers, bill, capacity, comparison, complexity, drills, explain, latency, scale
from loadtests.report.charts import Report, Series
from loadtests.report.tables import Chapter, Contents, Table

COMMANDS: dict[str, Callable[[Report], Chapter]] = {  # by the key of their figures in report.json
    "bill": bill.chapter,
    "capacity": capacity.chapter,
    "cold_starts": explain.cold_starts,
    "complexity": complexity.chapter,
    "drills": drills.chapter,
    "explain": explain.chapter,
    "latency": latency.chapter,
    "scale": scale.chapter,
}


def contents(report: Report, series: Series) -> Contents:
    """Return the contents of a report. Without a comparison, question and findings are those of its chapters."""
    commands = [command_chapter(report, name) for name in COMMANDS if report.get(name)]
    compared = "scenarios" in report
    return Contents(
        question=comparison.question(report)
        if compared
        else " ".join(chapter.text["question"] for chapter in commands),
        facts=f"{machine(report)}{', profile ' + report['profile'] if compared else ''}, commit {report['commit']}",
        alerts=_alerts(report),
        answers=answers.answers(report) if compared and comparison.of_two_systems(report) else [],
        findings=comparison.findings(report) if compared else [one for chapter in commands for one in chapter.findings],
        results=comparison.results_table(report) if compared else None,
        chapters=[*(comparison.chapters(report, series) if compared else ()), *commands, _settings(report)],
    )


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
    return f"{report['machine']['cores']} cores of {report['machine']['processor']}"


def _alerts(report: Report) -> list[tuple[str, str]]:
    parts = {"": report, **{f"{name.replace('_', ' ')}, ": report[name] for name in COMMANDS if report.get(name)}}
    incomplete = [f"{name}{one['ended_by']}" for name, one in parts.items() if not one.get("complete", True)]
    kinds = {"Void": report.get("voids", ()), "Incomplete": incomplete}
    return [(kind, text) for kind, texts in kinds.items() for text in texts]


def _settings(report: Report) -> Chapter:
    values = {
        "machine": report["machine"], "profile": report.get("profile", "none"), "commit": report["commit"],
        **{f"resources of the {side}": one["summary"] for side, one in report.get("resources", {}).items()},
        **({"CPU steal under load": f"{report['cpu_steal_percent']} %"} if "cpu_steal_percent" in report else {}),
        **report.get("settings", {}), **report["versions"],
    }  # fmt: skip
    rows = [(name.replace("_", " "), _text(value)) for name, value in values.items()]
    return Chapter(name="settings", tables=[Table(columns=("setting", "value"), rows=rows)])


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
