"""The report at the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtests.blocks import SIDES
from loadtests.figures import voids
from loadtests.latency import decoded, percentile_ms
from loadtests.plan import Block
from loadtests.report import tables

TEXT_COLUMNS = {"scenario", "side", "faster", "floor", "from → to"}
ELSEWHERE = {"generator CPU", "origin"}  # too wide here: the origin is said once, a busy generator as void


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print verdicts, scenarios, floors and freshness."""
    parity = report["parity"]
    console.print(f"\nParity: {parity['checks']} checks, {parity['failed']} failed. Commit {report['commit']}.")
    console.print("; ".join(f"{side}: {origin}" for side, origin in _origins(report).items()) + ".")
    _print("Who is faster: 95th percentile, microservices over monolith", tables.VERDICT_HEAD, tables.verdicts(report), console)
    _print("Scenarios", tables.SCENARIO_HEAD, tables.scenarios(report), console)
    _print("Floors", tables.FLOOR_HEAD, tables.floors(report), console)
    _print("Freshness", tables.FRESHNESS_HEAD, tables.freshness(report), console)
    for name in voids(report):
        console.print(f"[red]void: {name}, the generator was too busy to be believed")


def _origins(report: dict[str, Any]) -> dict[str, str]:
    return {side: scenario[side]["origin"] for scenario in report["scenarios"].values() for side in SIDES}


def print_block(block: Block, seconds: float, console: Console) -> None:
    """Print what one block of load came to."""
    total = decoded(block.latencies)
    times = ", ".join(f"p{each:g} {percentile_ms(total, each):.1f} ms" for each in (50, 95, 99))
    console.print(
        f"{block.right / seconds:.1f} right answers a second of {block.offered / seconds:.1f} offered; {times}"
    )
    console.print(f"errors {block.errors}, refused {block.refused}, dropped {block.dropped}")
    console.print(f"generator: {block.cpu:.0%} of a core, {block.late_ticks} late{' · VOID' if block.void else ''}")
    for reason, count in block.reasons.items():
        console.print(f"  {count} × {reason}", markup=False)


def _print(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], console: Console) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE, pad_edge=False)
    shown = [place for place, name in enumerate(head) if name not in ELSEWHERE]
    for place in shown:
        table.add_column(head[place], justify="left" if head[place] in TEXT_COLUMNS else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(row[place] for place in shown))
    console.print(table)
