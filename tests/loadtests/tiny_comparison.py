"""`python -m tests.loadtests.tiny_comparison DIR SIDE=URL` compares a side that is there with the other, which it starts.

It goes through the phases that `aa` does not have; of the contract's tests, its gate asks one file.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from loadtests import __main__ as command_line
from loadtests import contract_gate, running, systems
from loadtests.blocks import SIDES
from tests.loadtests import tiny_runs

contract_gate.contract_checks = partial(  # type: ignore[assignment]
    contract_gate.contract_checks, workers=2, tests=contract_gate.TESTS / "test_feedback.py"
)


def main() -> int:
    """Make the comparison in a directory; its report goes beside it."""
    folder, (side, _, url) = Path(sys.argv[1]), sys.argv[2].partition("=")
    tiny = tiny_runs.asked(folder / "run", given={side: url})
    asked = replace(tiny, sides=dict(zip(SIDES, systems.BOTH, strict=True)))

    def run(console: Console) -> int:
        running.made(asked, folder / "report", console)
        return running.FINE

    return command_line.done(run)


if __name__ == "__main__":
    sys.exit(main())
