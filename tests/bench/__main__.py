"""`python -m tests.bench`: measure the cost of the systems' own code against bare floors, and write docs/bench.md."""

import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from loadtests import provenance
from loadtests.__main__ import Parser, exit_status
from loadtests.arguments import new_file
from loadtests.files import run_directory
from loadtests.progress import ProgressDisplay
from tests.bench import page
from tests.bench.run import run


def main(words: Sequence[str] | None = None) -> int:
    """Measure every row and write the page. Return 1 if a row misses its target."""
    parser = Parser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--page", type=new_file, default=page.PAGE, help="where the table is written (docs/bench.md)")
    options = parser.parse_args(words)
    return exit_status(lambda console: _bench(options.page, console))


def _bench(file: Path, console: Console) -> int:
    run_dir, display = run_directory("bench"), ProgressDisplay(console)
    with display.running(), closing(run(run_dir, display)) as measured:
        rows = list(measured)
    shutil.rmtree(run_dir, ignore_errors=True)
    page.write(rows, provenance.collect(), file)
    page.show(rows, console)
    console.print(f"page: {file}", soft_wrap=True)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
