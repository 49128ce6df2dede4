"""`python -m loadtests bench`: the costs of both systems' code beside bare floors."""

import argparse
import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path

from rich.console import Console

from loadtests import provenance
from loadtests.bench import page
from loadtests.bench.run import run as rows_of
from loadtests.progress import Shown


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--page", type=Path, default=page.PAGE, help="where the table is written (docs/bench.md)")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Measure the costs, write docs/bench.md; 1 if a row misses what it must reach."""
    run_dir = Path(".run") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    shown = Shown(console)
    with shown.running(), closing(rows_of(run_dir, shown)) as found:
        rows = list(found)
    shutil.rmtree(run_dir, ignore_errors=True)
    page.write(rows, provenance.known(), asked.page)
    page.show(rows, console)
    console.print(f"page: {asked.page}", soft_wrap=True)
    return 0 if all(row.reached for row in rows) else 1
