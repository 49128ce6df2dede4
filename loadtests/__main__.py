"""`python -m loadtests …`: both systems up and down, load, and the comparison. `--help` says what each does.

Ends with 0 when all is well, 1 when a run is worse than another, 2 when the systems are not the same to a client or a run
is void, 3 when the command line asks for something that is not there, 4 when a system fails.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from loadtests import aa, capacity, coldstarts, commands, diff, explain, interrupts, loading, offer, watch, wrk
from loadtests.arguments import positive
from loadtests.bench.closed import UnexpectedAnswer
from loadtests.bench.function_rows import Misbehaved
from loadtests.bench.page import PAGE
from loadtests.blocks import GeneratorFailed
from loadtests.client import CallFailed
from loadtests.compare import ParityFailed
from loadtests.faults import Unusable
from loadtests.live.subscriber import NotSubscribed
from loadtests.profiles import PROFILES
from loadtests.reachable import WrongContract
from loadtests.report import NotWritten
from loadtests.systems import SystemFailed
from loadtests.workers import command as worker

PARITY_FAILED, USAGE, SYSTEM_FAILED = 2, 3, 4
Command = Callable[[argparse.Namespace, Console], int]
FAILURES = (
    SystemFailed, CallFailed, GeneratorFailed, NotSubscribed, NotWritten, UnexpectedAnswer, Misbehaved,
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """argparse, whose usage errors end with 3: 2 is said of systems that differ."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit status."""
    try:
        asked = _parser().parse_args(words)
        return done(asked.command, asked)
    except Unusable as bad:
        print(bad, file=sys.stderr)
        return USAGE


def done(command: Command, asked: argparse.Namespace) -> int:
    """Do one command and return the exit status; what ends it is said in one line."""
    console = Console()
    interrupts.raised()
    try:
        return int(command(asked, console))
    except ParityFailed as differ:
        console.print(f"[red]{differ}; no figures were written:")
        for line in differ.parity.failed:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
        return PARITY_FAILED
    except WrongContract as other:
        print(other, file=sys.stderr)
        return PARITY_FAILED
    except FAILURES as failure:
        print(failure, file=sys.stderr)
        return SYSTEM_FAILED
    except OSError as broken:  # a full disk, for one
        print(f"{broken.filename or 'the run'}: {broken.strerror}", file=sys.stderr)
        return SYSTEM_FAILED
    except interrupts.Interrupted as told:
        print(f"ended by {told}; nothing is left running", file=sys.stderr)
        return 128 + told.number


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m loadtests", description="Load both systems and compare them.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for name, command, words in (
        ("up", commands.up, "start both systems in the background and print their URLs"),
        ("down", commands.down, "stop what `up` started"),
    ):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("--run-dir", type=Path, default=Path(".run"), help="where state, data and logs are (.run)")
        verb.set_defaults(command=command)
    _compare(verbs.add_parser("compare", help="compare both systems and write results/<time>/report.html"))
    loading.register(verbs)
    worker.register(verbs)
    _seed(verbs.add_parser("seed", help="fill one system with accounts, posts and votes through its API"))
    verb = verbs.add_parser("bench", help="measure the costs against bare floors and write docs/bench.md")
    verb.add_argument("--page", type=Path, default=PAGE, help="where the table is written (docs/bench.md)")
    verb.set_defaults(command=commands.bench)
    verb = verbs.add_parser("readme", help="put the results of results/reference into README.md")
    verb.add_argument("--report", type=Path, help="make this report's folder the reference first")
    verb.set_defaults(command=commands.readme)
    aa.register(verbs)
    coldstarts.register(verbs)
    diff.register(verbs)
    explain.register(verbs)
    capacity.register(verbs)
    watch.register(verbs)
    wrk.register(verbs)
    return parser


def _compare(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--profile", choices=PROFILES, default="standard", help="how long: quick 4, standard 5, full 20 minutes"
    )
    verb.add_argument("--rate", type=positive, help="arrivals a second on each side, in place of the profile's")
    verb.add_argument("--duration", type=positive, help="measured seconds of a block, in place of the profile's")
    scenarios = offer.Offer().scenarios
    verb.add_argument("--scenario", action="append", choices=scenarios, help="only this one; may be repeated")
    offer.register(verb)
    verb.add_argument("--monolith-url", help="compare this deployed monolith; it is neither started nor stopped")
    verb.add_argument(
        "--microservices-url", help="compare these deployed services; they are neither started nor stopped"
    )
    verb.add_argument("--monolith-live-url", help="its live feed, where it is not below its base URL")
    verb.add_argument("--microservices-live-url", help="their live feed; without it a deployed one is not compared")
    verb.add_argument(
        "--results", type=Path, default=Path("results"), help="where the report's folder is made (results)"
    )
    verb.set_defaults(command=commands.compare)


def _seed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--url", required=True, help="base URL of either system")
    verb.add_argument("--profile", choices=PROFILES, default="standard", help="how much, as in `compare`")
    verb.set_defaults(command=commands.seed)


if __name__ == "__main__":
    sys.exit(main())
