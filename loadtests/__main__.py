"""`python -m loadtests COMMAND`: start both systems, load them and compare them. `--help` lists the commands.

Exit status: 0 success, 1 a run is worse than another or than promised, 2 the systems differ or a run is void, 3 wrong command line,
4 a system failed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from rich.console import Console

from loadtests import processes
from loadtests.errors import ParityError, RunError, UsageError

DIFFERENT, USAGE, SYSTEM_FAILED = 2, 3, 4
LONGEST = 600  # characters of a message
# By name: the function that adds the command's options, and one sentence. Only the chosen command's module is imported,
# because all of them together take 1.5 s.
COMMANDS = {
    "up": ("commands:up", "start both systems in the background and print their URLs"),
    "down": ("commands:down", "stop what `up` started"),
    "compare": ("compare:register", "compare both systems and write results/<time>/report.html"),
    "aa": ("aa:register", "compare a system with itself: exit status 1 if they are not within noise"),
    "capacity": ("capacity:register", "find the rate at which each side breaks a service level"),
    "drill": (
        "drill.command:register",
        "inject faults into both sides under load: what users see, what is lost or doubled",
    ),
    "explain": (
        "explain.command:register",
        "trace each journey on both sides, down to the line, time cold starts and meter every operation",
    ),
    "bill": ("bill:register", "compute what both sides cost on AWS, and the rate at which they cost the same"),
    "scale": ("scale:register", "simulate a day of both sides on AWS for populations up to a million users"),
    "diff": ("diff:register", "show what changed between two runs: exit status 1 if something got worse"),
    "aws": ("aws.command:register", "deploy both systems to AWS, compare them there, and remove them"),
    "validate": ("forecast.validate:register", "predict what others measured, and write docs/validation.md"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are one line with exit status 3. Status 2 means that systems differ."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(USAGE, f"{self.prog}: {one_line(message)}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = sys.argv[1:] if words is None else words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a test's stream is not one
            stream.reconfigure(errors="replace")  # an encoding of the user may lack a character such as ×
    return exit_status(lambda console: _run(words, console))


def exit_status(work: Callable[[Console], int]) -> int:
    """Run a function and return the exit status. An error becomes one line on stderr."""
    console = Console()
    processes.raise_interrupts()
    try:
        return work(console)
    except ParityError as error:
        _print(error, console)
        return DIFFERENT
    except UsageError as error:
        print(one_line(str(error)), file=sys.stderr)
        return USAGE
    except RunError as error:
        print(error, file=sys.stderr)
        return SYSTEM_FAILED
    except OSError as error:  # such as a full disk
        print(f"{error.filename or 'the run'}: {error.strerror}", file=sys.stderr)
        return SYSTEM_FAILED
    except processes.Interrupted as signal:
        print(f"ended by {signal}; nothing is left running", file=sys.stderr)
        return 128 + signal.number


def one_line(message: str) -> str:
    """Return a message in one line that a terminal can show: options and files may contain anything."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"


def _run(words: Sequence[str], console: Console) -> int:
    options = _parser(words[0] if words else "").parse_args(words)
    return int(options.command(options, console))


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Return the parser: it lists all commands and has the options of the chosen one."""
    parser = Parser(prog="python -m loadtests", description="Load both systems and compare them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for name, (place, sentence) in COMMANDS.items():
        command = commands.add_parser(name, help=sentence)
        if name == chosen:
            module, _, register = place.partition(":")
            getattr(import_module(f"loadtests.{module}"), register)(command)
    return parser


def _print(error: ParityError, console: Console) -> None:
    if not error.lines:
        print(error, file=sys.stderr)
        return
    console.print(f"[red]{error}")
    for line in error.lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
