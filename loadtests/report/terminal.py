"""The report at the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtests.report import chapters, tables

LIVE_HEADS = "side |messages |lost |doubled |p50 |p95 |last p50 |last p95"
VERDICT_HEADS = "scenario |metric |ratio |99 % interval |in spreads |better"
Rows = Iterable[Sequence[str]]


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print verdicts, scenarios, floors and freshness, each no wider than 80 columns."""
    console.print(f"\nParity: {tables.parity(report)}. Commit {report['commit']}.")
    console.print("; ".join(f"{side}: {origin}" for side, origin in _origins(report).items()) + ".\n")
    first, second = tables.sides(report)
    _print(f"{second.capitalize()} over {first}", VERDICT_HEADS, _verdicts(report), console)
    _print(
        "Scenarios, milliseconds", "scenario |side |right/s |err/ref/drop |p50 |p95 |p99", _scenarios(report), console
    )
    _print("Floors, milliseconds", "side |floor |p50 |p95", (row[:4] for row in tables.floors(report)), console)
    _print("Freshness, milliseconds", "from → to |side |p50 |p95 |longest |first stale", _lags(report), console)
    _print("Live feed, milliseconds", LIVE_HEADS, _messages(report), console)
    heads = " |".join(tables.effects_head(report)[:3])
    _print("Lost or doubled", heads, (row[:3] for row in tables.effects(report)), console)
    for side, words, _ in tables.resources(report):
        console.print(f"{side}: {words}", highlight=False, markup=False)
    for words in tables.lost(report):
        console.print(words, style="red", highlight=False, markup=False, soft_wrap=True)
    for why in report["voids"]:
        console.print(f"void: {why}", style="red", highlight=False, markup=False)
    if not report["complete"]:
        console.print(f"incomplete: {report['ended_by']}", style="red", highlight=False, markup=False)


def print_chapter(report: dict[str, Any], name: str, console: Console) -> None:
    """Print one chapter of a report: its sentences, then its tables, whose cells are folded where the terminal is narrow."""
    found = chapters.section(report, name)
    console.print(f"\n[bold]{found.title}", highlight=False)
    for sentence in found.sentences:
        console.print(f"- {sentence.words} ({sentence.origin})", markup=False, highlight=False)
    for each in found.tables:
        table = Table(*each.head, box=SIMPLE, pad_edge=False, header_style="dim")
        for row in each.rows:
            table.add_row(*row)
        console.print(table)
    for remark in found.remarks:
        console.print(remark, markup=False, highlight=False)


def _verdicts(report: dict[str, Any]) -> Rows:
    # The change is the ratio again, and 80 columns are few.
    return ((*row[:4], *row[5:7]) for row in tables.verdicts(report))


def _scenarios(report: dict[str, Any]) -> Rows:
    for name, side, offered, right, errors, refused, dropped, *times, _, _ in tables.scenarios(report):
        yield name, side, f"{right} of {offered}", f"{errors}/{refused}/{dropped}", *times


def _lags(report: dict[str, Any]) -> Rows:
    for words, *rest, _ in tables.freshness(report):
        yield words.removesuffix(tables.ON_BOTH), *rest


def _messages(report: dict[str, Any]) -> Rows:
    for side, _, _, messages, *rest, _ in tables.live(report):
        yield side, messages, *rest


def _origins(report: dict[str, Any]) -> dict[str, str]:
    return {
        side: scenario[side]["origin"] for scenario in report["scenarios"].values() for side in tables.sides(report)
    }


def _print(title: str, heads: str, rows: Rows, console: Console) -> None:
    """Print a table; a column whose head is one of words is aligned left, of numbers right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE, pad_edge=False)
    for head in heads.split(" |"):
        words = head in ("scenario", "side", "floor", "metric", "better", "from → to", "after the load")
        table.add_column(head, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        console.print(table)
