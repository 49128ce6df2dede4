"""The commands up and down."""

import argparse
import re
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from loadtests import processes, systems
from loadtests.arguments import folder

STACKS = Path(".run") / "stacks"
_STACK = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")


def up(parser: argparse.ArgumentParser) -> None:
    """Add the options of `up`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_up)


def down(parser: argparse.ArgumentParser) -> None:
    """Add the options of `down`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_down)


def _add_run_dir(parser: argparse.ArgumentParser) -> None:
    places = parser.add_mutually_exclusive_group()
    places.add_argument("--run-dir", type=folder, default=Path(".run"), help="folder of state, data and logs (.run)")
    places.add_argument(
        "--stack", type=_stack, dest="run_dir", metavar="NAME", help="one of several stacks, in .run/stacks/NAME"
    )


def _stack(name: str) -> Path:
    """Return the run directory of a stack, an argparse type."""
    if not _STACK.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{name[:40]!r}: give 1 to 30 of a-z, 0-9, _ and -")
    return folder(str(STACKS / name))


def _up(options: argparse.Namespace, console: Console) -> int:
    of_many = options.run_dir.parent == STACKS
    with processes.locked(STACKS / "up.lock") if of_many else nullcontext():  # two must not find the same port free
        started = systems.up(options.run_dir)
    names = {system.name for system in systems.BOTH}
    for name, url in systems.urls(options.run_dir).items():
        note = " (already up)" if name in names - {*started} else ""
        console.print(f"{name}: {url}{note}", soft_wrap=True, highlight=False)
    return 0


def _down(options: argparse.Namespace, console: Console) -> int:
    names = systems.down(options.run_dir)
    console.print(f"stopped: {', '.join(names)}" if names else "nothing was up")
    return 0
