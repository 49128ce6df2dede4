"""Tiny A/A runs: `python -m tests.loadtests.tiny_runs DIR [URL…]` compares two monoliths. A URL names a running one.

With SIDE=URL in place of URL, compare both systems, with one file of contract tests.
"""

import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from loadtests import __main__ as command_line
from loadtests import aa, run, systems
from loadtests.data.seeding import Size
from loadtests.parity import contract
from loadtests.results import SIDES
from loadtests.settings import Profile, RunSettings
from loadtests.systems import System

SCENARIOS = ("browse", "publish")
RATES = dict.fromkeys(SCENARIOS, 20.0)


def settings(
    run_dir: Path,
    *,
    rate: float = 20.0,
    deployed: dict[str, str] | None = None,
    sides: dict[str, System] | None = None,
    scenarios: tuple[str, ...] = SCENARIOS,
) -> RunSettings:
    """Return the settings of a tiny run: of the monolith against itself, or of other sides."""
    profile = Profile(
        name="tiny", rates=dict.fromkeys(scenarios, rate), block_s=0.5, warm_up_s=0.1, pairs=2, freshness=0,
        size=Size(3, 6, 8), subscribers=2,
    )  # fmt: skip
    return RunSettings(
        profile=profile,
        scenarios=scenarios,
        sides=sides or dict.fromkeys(aa.SIDES, systems.MONOLITH),
        run_dir=run_dir,
        deployed=deployed or {},
    )


def main() -> int:
    """Make one run in a folder, and write its report next to it."""
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    tiny = settings(folder / "run", deployed=dict(zip(aa.SIDES, words, strict=False)))
    if words and "=" in words[0]:
        side, _, url = words[0].partition("=")
        tiny = settings(folder / "run", deployed={side: url}, sides=dict(zip(SIDES, systems.BOTH, strict=True)))
        run.contract_checks = partial(  # type: ignore[assignment]
            contract.contract_checks, workers=2, tests=contract.TESTS / "test_feedback.py"
        )

    def work(console: Console) -> int:
        return aa.status([run.run_and_report(tiny, folder / "report", console)])

    return command_line.exit_status(work)


if __name__ == "__main__":
    sys.exit(main())
