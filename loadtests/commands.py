"""The small commands: up, down and readme."""

import argparse
from pathlib import Path

from rich.console import Console

from loadtests import systems
from loadtests.report import readme as readme_page


def up(parser: argparse.ArgumentParser) -> None:
    """Add the options of `up`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_up)


def down(parser: argparse.ArgumentParser) -> None:
    """Add the options of `down`."""
    _add_run_dir(parser)
    parser.set_defaults(command=_down)


def readme(parser: argparse.ArgumentParser) -> None:
    """Add the options of `readme`."""
    parser.add_argument("--report", type=Path, help="first make the run in this folder the reference run")
    parser.set_defaults(command=_readme)


def _add_run_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="folder of state, data and logs (.run)")


def _up(options: argparse.Namespace, console: Console) -> int:
    urls, started = systems.up(options.run_dir)
    for name, url in urls.items():
        console.print(f"{name}: {url}{'' if name in started else ' (already up)'}", soft_wrap=True, highlight=False)
    return 0


def _down(options: argparse.Namespace, console: Console) -> int:
    names = systems.down(options.run_dir)
    console.print(f"stopped: {', '.join(names)}" if names else "nothing was up")
    return 0


def _readme(options: argparse.Namespace, console: Console) -> int:
    if options.report:
        readme_page.make_reference(options.report)
    readme_page.write_results()
    console.print(f"{readme_page.README.name} shows {readme_page.REFERENCE}", soft_wrap=True)
    return 0
