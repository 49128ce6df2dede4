"""The commands up and down."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests import systems
from loadtests.settings import folder


def up(parser: argparse.ArgumentParser) -> None:
    """Add the options of `up`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_up)


def down(parser: argparse.ArgumentParser) -> None:
    """Add the options of `down`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_down)


def _add_run_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run-dir", type=folder, default=Path(".run"), help="folder of state, data and logs (.run)")


def _up(options: argparse.Namespace, console: Console) -> int:
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
