"""`python -m loadtests validate`: compare what the models predict with what was observed, and write docs/validation.md."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import yaml
from rich.console import Console

from loadtests.arguments import new_file
from loadtests.forecast import published
from loadtests.forecast.published import PUBLISHED, Check
from loadtests.processes import ROOT
from loadtests.report.tables import Table

ABOUT = """Predict results that others measured, and known formulas, with the models behind the forecasts. Print each prediction
next to the observation, those that miss included, and write docs/validation.md. It needs no system and no network."""
PAGE = ROOT / "docs" / "validation.md"
COLUMNS = ("check", "predicted", "observed", "difference", "tolerance", "result")
HEAD = """# Validation

The predictions of the models behind the forecasts, compared with results that they were not fitted to.
`python -m loadtests validate` writes this page; a test fails when it is out of date. A missed check stays in its table.
*Arithmetic* means that the result follows from published inputs by prices or a formula; it shows that both compute the same, not
that a model is right.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What docs/validation.md says about checks. tables: their observations. arithmetic: the result needs no model."""

    title: str
    tables: Sequence[str]
    inputs: str
    note: str = ""
    arithmetic: bool = False


Made = Sequence[tuple[Texts, Sequence[Check]]]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument("--page", type=new_file, default=PAGE, help="the page to write (docs/validation.md)")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the checks and write the page."""
    made = make()
    for text, checks in made:
        _table(checks, text.title).print(console)
    for line in _summary(made):
        console.print(line, highlight=False)
    options.page.write_text(page(made), encoding="utf-8")
    console.print(f"written: {options.page}", soft_wrap=True, highlight=False)
    return 0


def make(functions: Sequence[Callable[[], Iterable[Check]]] = published.CHECKS) -> Made:
    """Return the checks with their texts, which are in published/checks.yaml."""
    return [(texts()[0][each.__name__], list(each())) for each in functions]


def texts() -> tuple[dict[str, Texts], dict[str, str]]:
    """Return the texts by the name of the function that makes the checks, and what is not checked with the reason."""
    content = yaml.load((PUBLISHED / "checks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {name: Texts(**text) for name, text in content["checks"].items()}, content["not_checked"]


def source_of(name: str) -> str:
    """Return the source of a published table, which its first line states with the date it was read."""
    first, *_ = (PUBLISHED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return first.removeprefix("# ").partition("; read 20")[0]


def page(made: Made) -> str:
    """Return docs/validation.md."""
    parts = [HEAD.rstrip(), "\n".join(f"- {line}" for line in _summary(made))]
    for text, checks in made:
        inputs = f"Inputs: {text.inputs}.  \nSource: {'; '.join(map(source_of, text.tables))}."
        parts += [f"## {text.title}", inputs, text.note, "\n".join(_table(checks).markdown())]
    reasons = Table(columns=("what", "reason"), rows=list(texts()[1].items()))
    return "\n\n".join(filter(None, (*parts, "## Not checked", "\n".join(reasons.markdown())))) + "\n"


def _table(checks: Sequence[Check], title: str = "") -> Table:
    return Table(title=title, columns=COLUMNS, rows=[list(_cells(check)) for check in checks])


def _cells(check: Check) -> Iterator[str]:
    yield check.name
    yield from ("–" if value is None else _number(value) for value in (check.predicted, check.observed))
    for value, sign in ((check.difference, "+"), (check.tolerance, "")):
        yield "–" if value is None else f"{value:{sign}.3g}" if check.is_absolute else f"{100 * value:{sign}z.1f} %"
    yield {True: "holds", False: "**missed**", None: "–"}[check.holds]


def _summary(made: Made) -> Iterator[str]:
    for label, arithmetic in (("Predictions", False), ("Arithmetic", True)):
        results = [check.holds for text, checks in made for check in checks if text.arithmetic == arithmetic]
        yield f"{label}: {results.count(True)} hold, {results.count(False)} missed."


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
