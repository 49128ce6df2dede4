"""The forms of a report: one HTML file that loads nothing else, Markdown, and text for the terminal."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from plotly.offline import get_plotlyjs
from rich.console import Console
from rich.markup import escape

from loadtests.report.charts import COLOURS
from loadtests.report.tables import Answer, Chapter, Contents, Finding

FOLDER = Path(__file__).parent


def html(contents: Contents) -> str:
    """Return the page. Style, script and Plotly are embedded once each."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html").render(
        report=contents,
        sides=tuple(COLOURS),
        style=(FOLDER / "page.css").read_text(encoding="utf-8"),
        script=(FOLDER / "page.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def markdown(contents: Contents) -> str:
    """Return the report as Markdown: findings and tables, without charts."""
    lines = ["# Monolith or microservices", "", f"{contents.facts}.", ""]
    lines += [f"**{kind}: {text}.**\n" for kind, text in contents.alerts]
    lines += [f"{place}. **{one.question}** {answer_text(one)}" for place, one in enumerate(contents.answers, 1)] + (
        [""] * bool(contents.answers)
    )
    if contents.results:
        lines += [*_markdown_findings(contents.findings), *contents.results.markdown(), ""]
    for chapter in contents.chapters:
        lines += _markdown_chapter(chapter)
    return "\n".join(lines) + "\n"


def print_comparison(contents: Contents, console: Console) -> None:
    """Print the first screen of a comparison, no wider than 80 columns."""
    console.print(f"\n{contents.facts}.", highlight=False)
    for place, one in enumerate(contents.answers, 1):
        console.print(f"[bold]{place}. {one.question}[/bold] {escape(answer_text(one))}", highlight=False)
    _print_findings(contents.findings, console)
    if contents.results:
        contents.results.print(console)
    for kind, text in contents.alerts:
        console.print(f"{kind}: {text}", style="red", highlight=False, markup=False, soft_wrap=True)


def print_chapter(chapter: Chapter, console: Console) -> None:
    """Print findings, tables and notes of a chapter."""
    console.print(f"\n[bold]{chapter.text['title']}", highlight=False)
    _print_findings(chapter.findings, console)
    for table in chapter.tables:
        table.print(console)
    for note in chapter.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def answer_text(answer: Answer) -> str:
    """Return an answer with its origin."""
    return f"{answer.text} ({answer.origin})" if answer.origin else answer.text


def _print_findings(findings: Iterable[Finding], console: Console) -> None:
    for finding in findings:
        console.print(f"- {finding.text} ({finding.origin})", markup=False, highlight=False)


def _markdown_chapter(chapter: Chapter) -> Iterator[str]:
    if chapter.findings or chapter.tables or chapter.notes:
        yield f"## {chapter.text['title']}\n"
        if "intro" in chapter.text:
            yield f"{chapter.text['intro']}\n"
        yield from _markdown_findings(chapter.findings)
        for table in chapter.tables:
            yield from (*table.markdown(), "")
        yield from (f"{note}\n" for note in chapter.notes)


def _markdown_findings(findings: Iterable[Finding]) -> list[str]:
    lines = [f"- {finding.text} *({finding.origin})*" for finding in findings]
    return [*lines, ""] if lines else []
