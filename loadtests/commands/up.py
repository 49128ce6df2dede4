"""`python -m loadtests up`: both systems in the background."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests import systems


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--run-dir", type=Path, default=Path(".run"), help="where state, data and logs are (.run)")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Start what does not run, and say where both answer."""
    urls, started = systems.up(asked.run_dir)
    for name, url in urls.items():
        console.print(f"{name}: {url}{'' if name in started else ' (already up)'}", soft_wrap=True, highlight=False)
    return 0
