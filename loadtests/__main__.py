"""`python -m loadtests …`: both systems up and down, load, and the comparison. `--help` says what each does.

Ends with 0 when all is well, 1 when a run is worse than another, 2 when the systems are not the same to a client or a run
is void, 3 when the command line asks for something that is not there, 4 when a system fails.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from rich.console import Console

from loadtests import interrupts
from loadtests.errors import ParityError, RunError, UsageError

DIFFERENT, USAGE, SYSTEM_FAILED = 2, 3, 4
# By name: the module, of which the one that is asked for is loaded (all of them take a second and a half), and what it does.
COMMANDS = {
    "up": ("commands.up", "start both systems in the background and print their URLs"),
    "down": ("commands.down", "stop what `up` started"),
    "compare": ("commands.compare", "compare both systems and write results/<time>/report.html"),
    "load": ("loading", "offer open load to one system and print what came of it"),
    "worker": ("workers.command", "offer load for a master elsewhere, which was started with --workers and --bind"),
    "seed": ("commands.seed", "fill one system with accounts, posts and votes through its API"),
    "readme": ("commands.readme", "put the results of docs/reference into README.md"),
    "aa": ("aa", "compare a system with itself: it must be within noise; 1 if it is not"),
    "coldstarts": ("coldstarts", "start every function cold, beside warm, and sweep its memory"),
    "diff": ("diff", "say what changed from one run to another; 1 if something got worse"),
    "explain": (
        "explain.command",
        "show what each journey's time is made of on both sides, down to the line (about 30 s)",
    ),
    "capacity": ("capacity", "find the rate at which each side breaks a service level"),
    "watch": ("watch", "show the comparison that is being made on a local page"),
    "wrk": ("wrk", "hold this load generator against wrk: one endpoint, closed; 1 if they differ"),
}


class Parser(argparse.ArgumentParser):
    """argparse, whose usage errors end with 3: 2 is said of systems that differ."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit status."""
    given = sys.argv[1:] if words is None else words
    return done(lambda console: _commanded(given, console))


def done(work: Callable[[Console], int]) -> int:
    """Do something and return the exit status; what ends it is said in one line."""
    console = Console()
    interrupts.raised()
    try:
        return work(console)
    except ParityError as differ:
        _say(differ, console)
        return DIFFERENT
    except UsageError as bad:
        print(bad, file=sys.stderr)
        return USAGE
    except RunError as failure:
        print(failure, file=sys.stderr)
        return SYSTEM_FAILED
    except OSError as broken:  # a full disk, for one
        print(f"{broken.filename or 'the run'}: {broken.strerror}", file=sys.stderr)
        return SYSTEM_FAILED
    except interrupts.Interrupted as told:
        print(f"ended by {told}; nothing is left running", file=sys.stderr)
        return 128 + told.number


def _commanded(words: Sequence[str], console: Console) -> int:
    asked = _parser(words[0] if words else "").parse_args(words)
    return int(asked.command(asked, console))


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Return the parser of a command line that begins with this word: it knows all commands, and of one what it takes."""
    parser = Parser(prog="python -m loadtests", description="Load both systems and compare them.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for name, (module, words) in COMMANDS.items():
        verb = verbs.add_parser(name, help=words)
        if name == chosen:
            import_module(f"loadtests.{module}").register(verb)
    return parser


def _say(differ: ParityError, console: Console) -> None:
    if not differ.lines:
        print(differ, file=sys.stderr)
        return
    console.print(f"[red]{differ}")
    for line in differ.lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
