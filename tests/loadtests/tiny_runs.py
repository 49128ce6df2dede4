"""Runs of real systems that take seconds: little data, short blocks.

`python -m tests.loadtests.tiny_runs DIR [URL]` makes one of the monolith against itself, as `aa` does, and ends as a command ends;
URL: of a first side that is there.
"""

import sys
from pathlib import Path

from rich.console import Console

from loadtests import __main__ as command_line
from loadtests import aa, running, systems
from loadtests.asking import RunSettings
from loadtests.data.seeding import Size
from loadtests.profiles import Profile
from loadtests.systems import System

SCENARIOS = ("browse", "publish")
RATES = dict.fromkeys(SCENARIOS, 20.0)


def asked(
    run_dir: Path,
    *,
    rate: float = 20.0,
    given: dict[str, str] | None = None,
    second: System = systems.MONOLITH,
    scenarios: tuple[str, ...] = SCENARIOS,
) -> RunSettings:
    """Return what a tiny run of the monolith against itself, or against another, asks for."""
    profile = Profile(
        name="tiny", rates=dict.fromkeys(scenarios, rate), block_s=0.5, warm_up_s=0.1, pairs=1, repeats=2, freshness=0,
        size=Size(3, 6, 8), subscribers=2,
    )  # fmt: skip
    sides = dict(zip(aa.SIDES, (systems.MONOLITH, second), strict=True))
    return RunSettings(
        profile=profile, scenarios=scenarios, given=given or {}, live_given={}, run_dir=run_dir, sides=sides
    )


def main() -> int:
    """Make one run in a directory; its report goes beside it."""
    folder, first = Path(sys.argv[1]), sys.argv[2:]
    given = dict(zip(aa.SIDES, first, strict=False))

    def run(console: Console) -> int:
        return aa.status([running.made(asked(folder / "run", given=given), folder / "report", console)])

    return command_line.done(run)


if __name__ == "__main__":
    sys.exit(main())
