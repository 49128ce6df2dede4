"""The report as one HTML file that needs nothing else: style, script and Plotly are in it, each once."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from plotly.offline import get_plotlyjs

from loadtests.report import answer, chapters, tables, verdicts
from loadtests.report.charts import COLOURS
from loadtests.report.sections import sections

HERE = Path(__file__).parent


def as_page(report: dict[str, Any], lines: dict[str, Any]) -> str:
    """Return the page for the figures of report.json and the series of series.json."""
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html").render(
        report=report,
        compared=chapters.compared(report),
        parity=tables.parity(report) if chapters.compared(report) else "",
        unfinished=list(chapters.unfinished(report)),
        question=answer.question(report),
        answer=answer.answer(report),
        metrics=[verdicts.METRICS[metric] for metric in verdicts.metrics(report)] if chapters.compared(report) else [],
        verdicts=list(verdicts.verdicts(report)) if chapters.compared(report) else [],
        voids=report.get("voids", []),
        over=" over ".join(reversed(tables.sides(report))),
        sections=list(sections(report, lines)),
        sides=tuple(COLOURS),
        style=(HERE / "page.css").read_text(),
        script=(HERE / "page.js").read_text(),
        plotly=get_plotlyjs(),
    )
