"""`python -m loadtests down`: ends what `up` started."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests import systems


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--run-dir", type=Path, default=Path(".run"), help="where state, data and logs are (.run)")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Stop what runs, and say what that was."""
    names = systems.down(asked.run_dir)
    console.print(f"stopped: {', '.join(names)}" if names else "nothing was up")
    return 0
