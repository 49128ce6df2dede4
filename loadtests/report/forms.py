"""The forms of a report: one HTML file that loads nothing else, Markdown, and a summary for the terminal."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from plotly.offline import get_plotlyjs
from rich.console import Console

from loadtests.report import comparison, contents
from loadtests.report.charts import COLOURS, Report, Series
from loadtests.report.tables import Chapter

FOLDER = Path(__file__).parent


def html(report: Report, series: Series) -> str:
    """Return the page. Style, script and Plotly are embedded once each."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    compared = contents.is_comparison(report)
    return environment.get_template("page.html").render(
        report=report,
        question=contents.question(report),
        alerts=contents.alerts(report),
        findings=contents.findings(report),
        results=comparison.results_table(report) if compared else None,
        parity=comparison.parity_text(report) if compared else "",
        chapters=contents.chapters(report, series),
        sides=tuple(COLOURS),
        style=(FOLDER / "page.css").read_text(),
        script=(FOLDER / "page.js").read_text(),
        plotly=get_plotlyjs(),
    )


def markdown(report: Report, series: Series) -> str:
    """Return the report as Markdown: findings and tables, without charts."""
    compared = contents.is_comparison(report)
    facts = [f"Commit {report['commit']}", contents.machine(report)]
    facts += [f"profile {report['profile']}", f"parity: {comparison.parity_text(report)}"] if compared else []
    lines = [
        f"# Monolith or microservices{': one comparison' if compared else ''}",
        "",
        f"{', '.join(facts)}.",
        "",
        *(f"**{kind}: {text}.**\n" for kind, text in contents.alerts(report)),
        *([f"- {finding.text} *({finding.origin})*" for finding in contents.findings(report)] if compared else ()),
        "",
        *([*comparison.results_table(report).markdown(), ""] if compared else ()),
        *(line for chapter in contents.chapters(report, series) for line in _markdown_chapter(chapter)),
    ]
    return "\n".join(lines) + "\n"


def print_comparison(report: Report, series: Series, console: Console) -> None:
    """Print the tables of a comparison, no wider than 80 columns, and what makes it void or incomplete."""
    console.print(f"\nParity: {comparison.parity_text(report)}. Commit {report['commit']}.\n")
    for finding in contents.findings(report):
        console.print(f"- {finding.text} ({finding.origin})", markup=False, highlight=False)
    for chapter in comparison.chapters(report, series):
        if any(table.rows for table in chapter.tables):
            console.print(f"\n[bold]{chapter.title}", highlight=False)
        for table in chapter.tables:
            table.print(console)
    alerts = [*comparison.lost_workers(report), *(f"{kind}: {text}" for kind, text in contents.alerts(report))]
    for alert in alerts:
        console.print(alert, style="red", highlight=False, markup=False, soft_wrap=True)


def print_command(report: Report, name: str, console: Console) -> None:
    """Print the chapter of one command: findings, tables and notes."""
    chapter = contents.command_chapter(report, name)
    console.print(f"\n[bold]{chapter.title}", highlight=False)
    for finding in chapter.findings:
        console.print(f"- {finding.text} ({finding.origin})", markup=False, highlight=False)
    for table in chapter.tables:
        table.print(console)
    for note in chapter.notes:
        console.print(note, markup=False, highlight=False)


def _markdown_chapter(chapter: Chapter) -> list[str]:
    if not (chapter.findings or chapter.tables or chapter.notes):
        return []
    return [
        f"## {chapter.title}",
        "",
        *((f"{chapter.intro}\n",) if chapter.intro else ()),
        *(f"- {finding.text} *({finding.origin})*" for finding in chapter.findings),
        *(("",) if chapter.findings else ()),
        *(line for table in chapter.tables for line in (*table.markdown(), "")),
        *(f"{note}\n" for note in chapter.notes),
    ]
