"""`python -m loadtests wrk`: does this load generator see what wrk sees? One endpoint, closed loops, as many connections, in turns.

Ends with 0 when the right answers a second agree within a tenth, 1 when they do not, 3 where there is no wrk.
"""

import argparse
import re
import shutil
import subprocess
import sys
from statistics import median

from rich.console import Console

from loadtests.processes import ROOT
from loadtests.settings import number, whole
from loadtests.systems import SystemFailed, check_reachable

TURNS = 4
WITHIN = 0.10
FINE, DIFFERENT, USAGE = 0, 1, 3
REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)s")
REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--url", required=True, help="base URL of either system")
    verb.add_argument("--path", default="/posts?limit=100", help="what to GET (/posts?limit=100)")
    verb.add_argument("--connections", type=whole(1, 10_000), default=4, help="requests at a time (4)")
    verb.add_argument("--duration", type=number(0.1, 86_400), default=4.0, help=f"seconds of each of {TURNS} turns (4)")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Let both load the endpoint in turns, and print what each saw."""
    if shutil.which("wrk") is None:
        print("there is no wrk on this machine (Debian: apt install wrk)", file=sys.stderr)
        return USAGE
    check_reachable(asked.url)
    found: dict[str, list[float]] = {"this": [], "wrk": []}
    for turn in range(TURNS):
        for name in ("this", "wrk") if turn % 2 == 0 else ("wrk", "this"):
            found[name].append({"this": own, "wrk": theirs}[name](asked))
    this, other = (median(rates) for rates in found.values())
    if not (this and other):
        raise SystemFailed(f"{asked.url} does not answer GET {asked.path} with 200, so there is nothing to compare")
    console.print(f"{this:.0f} right answers a second, wrk {other:.0f}: {this / other:.2f}", highlight=False)
    return FINE if abs(this / other - 1) <= WITHIN else DIFFERENT


def own(asked: argparse.Namespace) -> float:
    """Return the right answers a second that the generator's own client gets. Raise SystemFailed if it tells none."""
    command = [
        sys.executable,
        "-m",
        "loadtests.generator.closed",
        asked.url,
        asked.path,
        str(asked.connections),
        str(asked.duration),
    ]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemFailed(f"the closed loop failed: {said.stderr.strip().splitlines()[-1:]}")
    return float(said.stdout)


def theirs(asked: argparse.Namespace) -> float:
    """Return the right answers a second that wrk gets. Raise SystemFailed if it tells none."""
    where, seconds = f"{asked.url.rstrip('/')}{asked.path}", f"{max(1, round(asked.duration))}s"
    command = ["wrk", "-t1", f"-c{asked.connections}", f"-d{seconds}", where]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    counted = REQUESTS.search(said.stdout)
    if said.returncode or not counted:
        raise SystemFailed(f"wrk failed: {(said.stderr or said.stdout).strip().splitlines()[-1:]}")
    refused = REFUSED.search(said.stdout)
    return (int(counted[1]) - (int(refused[1]) if refused else 0)) / float(counted[2])
