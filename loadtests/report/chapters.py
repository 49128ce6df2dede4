"""What commands of their own add to a report: a run holds a comparison, or chapters, or both."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from loadtests.report import capacity, cold_starts, explain
from loadtests.report.parts import Chapter, Section

CHAPTERS: tuple[Chapter, ...] = (capacity.CHAPTER, cold_starts.CHAPTER, explain.CHAPTER)
STANDS_ON = ("commit", "machine")  # what a chapter may not share with the run that it was added to
Report = dict[str, Any]


def compared(report: Report) -> bool:
    """Whether a report holds a comparison."""
    return "scenarios" in report


def held(report: Report) -> list[tuple[Chapter, dict[str, Any]]]:
    """Return the chapters that a report has figures for, with these."""
    return [(chapter, report[chapter.name]) for chapter in CHAPTERS if report.get(chapter.name)]


def sections(report: Report) -> Iterator[Section]:
    """Yield the section of each chapter that a report holds, headed by its sentences."""
    return (section(report, chapter.name) for chapter, _ in held(report))


def drawn(report: Report) -> Iterator[Section]:
    """Yield the same sections with their charts."""
    for one, (chapter, figures) in zip(sections(report), held(report), strict=True):
        yield replace(one, charts=list(chapter.charts(figures)))


def section(report: Report, name: str) -> Section:
    """Return the section of one chapter, headed by its sentences; it says where it was measured elsewhere than the rest."""
    chapter, figures = next(found for found in held(report) if found[0].name == name)
    made, other = chapter.section(figures), [what for what in STANDS_ON if figures.get(what) != report[what]]
    remarks = [
        *(
            []
            if figures.get("complete", True)
            else [f"Incomplete: {figures['ended_by']}. What was measured until then is shown."]
        ),
        *made.remarks,
        *(f"SideBlock on another {what} than the rest: {_words(figures[what])}." for what in other),
    ]
    return replace(made, sentences=chapter.answer(figures), remarks=remarks)


def unfinished(report: Report) -> Iterator[str]:
    """Yield a line for each chapter that was cut short."""
    for chapter, figures in held(report):
        if not figures.get("complete", True):
            yield f"{chapter.name.replace('_', ' ')}, {figures['ended_by']}"


def _words(value: Any) -> str:
    return ", ".join(f"{name} {inner}" for name, inner in value.items()) if isinstance(value, dict) else str(value)
