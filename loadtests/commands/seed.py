"""`python -m loadtests seed`: data for one system."""

import argparse
from time import time

from rich.console import Console

from loadtests import reachable
from loadtests.data import seeding
from loadtests.profiles import PROFILES
from loadtests.progress import Shown


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--url", required=True, help="base URL of either system")
    verb.add_argument("--profile", choices=PROFILES, default="standard", help="how much, as in `compare`")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Fill one system."""
    reachable.check(asked.url)
    shown = Shown(console)
    with shown.running(), shown.phase("seed", seeding.STEPS) as done:
        world = seeding.seed(asked.url, PROFILES[asked.profile].size, run=f"{int(time()):x}", done=done)
    console.print(f"{len(world.accounts)} accounts, {len(world.posts)} posts, the hot one is {world.hot.id}")
    return 0
