"""`python -m workshop`: start an exercise in a copy of the code, check it, show hints. `make workshop` runs it."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import NoReturn

from workshop import progress, quiz
from workshop.copies import Copy, CopyError, Outcome
from workshop.units import CLONE, Unit, UnknownUnit, all_units, find, text_of

PASSED, FAILED, USAGE = 0, 1, 3
STUDENTS = CLONE / ".run" / "workshop"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
_POLL_S = 0.5
_PLANNED = "minutes are planned, not measured yet"


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are one line with exit status 3."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit."""
        self.exit(USAGE, f"{self.prog}: {' '.join(message.split())}\n")


class Session:
    """One student at this machine: the folder of copies, and the progress file in it."""

    def __init__(self, student: str, students: Path) -> None:
        self.folder = students / student
        self.progress = progress.load(self.folder, student)

    def copy(self, unit: Unit) -> Copy:
        """Return the student's copy for a unit."""
        return Copy(unit, self.folder / f"{unit.number}-{unit.name}")

    def record(self, unit: Unit) -> progress.Record:
        """Return what the student did in a unit."""
        return self.progress.of(unit.name)

    def save(self) -> Path:
        """Write the progress file and return it."""
        return self.progress.save(self.folder)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(words)
    try:
        return int(options.command(Session(options.student, options.folder), options))
    except (CopyError, UnknownUnit, quiz.WrongAnswers, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except (KeyboardInterrupt, EOFError):
        print()
        return FAILED


def list_units(session: Session, options: argparse.Namespace) -> int:
    """Show the units of a workshop length, and what the student did."""
    for unit in all_units():
        if options.cut in unit.cuts:
            print(f"{unit.number}  {_state(session.record(unit)):<12} {unit.minutes:>3} min  {unit.title}")
    print(f"({_PLANNED})\nstart one with `start N`; its page is docs/workshop/N-….md")
    print(f"shorter: alias workshop='env PYTHONPATH={CLONE}/docs {CLONE}/.venv/bin/python -m workshop'")
    return PASSED


def start(session: Session, options: argparse.Namespace) -> int:
    """Make the copy of a unit and say where it is."""
    unit, record = options.unit, session.record(options.unit)
    session.copy(unit).make()
    record.started = record.started or progress.now()
    session.save()
    print(f"{unit.number}. {unit.title} ({unit.minutes} minutes)\n\n{unit.sections['Question']}\n")
    print(f"{text_of(unit.sections['Steps'])}\n\nYour copy: {session.copy(unit).folder}\nThe page:  {unit.page}")
    return PASSED


def check(session: Session, options: argparse.Namespace) -> int:
    """Check the copy, and explain the exercise after a pass."""
    outcome = _check(session, options.unit)
    return PASSED if outcome.passed else FAILED


def hint(session: Session, options: argparse.Namespace) -> int:
    """Show the next hint, after those that were shown before."""
    unit, record = options.unit, session.record(options.unit)
    record.hints = min(record.hints + 1, len(unit.hints))
    session.save()
    for number, each in enumerate(unit.hints[: record.hints], start=1):
        print(f"Hint {number} of {len(unit.hints)}: {each}")
    return PASSED


def solution(session: Session, options: argparse.Namespace) -> int:
    """Show the solution after a pass, or to a student who gives up."""
    unit, record = options.unit, session.record(options.unit)
    if not record.passed and not record.gave_up and not options.give_up:
        print("The solution is shown after `check` has passed. `solution N --give-up` shows it now.", file=sys.stderr)
        return FAILED
    record.gave_up = record.gave_up or not record.passed
    session.save()
    print(f"{text_of(unit.sections['Solution'])}\n\n{unit.solution.read_text(encoding='utf-8')}")
    return PASSED


def reset(session: Session, options: argparse.Namespace) -> int:
    """Make the copy of a unit again."""
    session.copy(options.unit).reset()
    session.record(options.unit).resets += 1
    session.save()
    print(f"as handed out: {session.copy(options.unit).folder}")
    return PASSED


def show_progress(session: Session, options: argparse.Namespace) -> int:
    """Show the student's progress and the file to hand in."""
    print("\n".join(progress.table([session.progress])))
    print(f"hand in: {session.save()}")
    return PASSED


def watch(session: Session, options: argparse.Namespace) -> int:
    """Check the copy at each save until it passes. Ctrl-C ends it."""
    copy, seen = session.copy(options.unit), -1.0
    while True:
        if (changed := copy.changed()) > seen:
            seen = changed
            if _check(session, options.unit).passed:
                return PASSED
            print("… waiting for a save (Ctrl-C ends)", flush=True)
        sleep(_POLL_S)


def overview(session: Session, options: argparse.Namespace) -> int:
    """Show the progress files of a folder as one table."""
    if not options.handed_in.is_dir():
        raise ValueError(f"{options.handed_in}: no such folder")
    students, unread = [], []
    for file in sorted(options.handed_in.rglob("*.json")):
        try:
            students.append(progress.read(file))
        except ValueError as error:
            unread.append(str(error))
    print("\n".join([*progress.table(students), *unread]))
    return PASSED if students else FAILED


def ask_quiz(session: Session, options: argparse.Namespace) -> int:
    """Ask the six questions and note the number of right answers."""
    right = quiz.run(options.when, options.answers, input, print)
    session.progress.quiz[options.when] = right
    session.save()
    print(f"\n{right} of {len(quiz.questions())} right, noted in your progress file")
    return PASSED


def _check(session: Session, unit: Unit) -> Outcome:
    copy, record, begin = session.copy(unit), session.record(unit), monotonic()
    outcome = copy.check()
    record.checks += 1
    print(outcome.text)
    if outcome.passed:
        progress.mark_passed(record)
        print(f"\n{text_of(unit.sections['Explanation'])}")
    session.save()
    print(f"\n{'passed' if outcome.passed else 'not yet'} ({monotonic() - begin:.1f} s)", flush=True)
    return outcome


def _state(record: progress.Record) -> str:
    if record.passed:
        return "passed"
    return "gave up" if record.gave_up else "started" if record.started else "–"


def _parser() -> Parser:
    parser = Parser(prog="workshop", description="Exercises on a copy of this code, which check themselves.")
    parser.add_argument("--student", type=_student, default=_default_student(), help="whose copies (%(default)s)")
    parser.add_argument("--folder", type=Path, default=STUDENTS, help="folder of all copies (.run/workshop)")
    parser.set_defaults(command=list_units, cut=180)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    listed = commands.add_parser("list", help="show the units and your state")
    listed.add_argument("--cut", type=int, choices=(60, 90, 180), default=180, help="minutes of the workshop (180)")
    for name, command, sentence in _COMMANDS_OF_A_UNIT:
        one = commands.add_parser(name, help=sentence)
        one.add_argument("unit", type=_unit, metavar="N", help="number or name of the unit")
        one.set_defaults(command=command)
        if name == "solution":
            one.add_argument("--give-up", action="store_true", help="show it before the check has passed")
    commands.add_parser("progress", help="show what you did, and the file to hand in").set_defaults(
        command=show_progress
    )
    instructor = commands.add_parser("overview", help="for instructors: show the handed-in files of a folder")
    instructor.add_argument("handed_in", type=Path, metavar="FOLDER")
    instructor.set_defaults(command=overview)
    questions = commands.add_parser("quiz", help="answer six questions, before and after")
    questions.add_argument("when", choices=("before", "after"))
    questions.add_argument("--answers", default="", help="six letters, in place of typing them one by one")
    questions.set_defaults(command=ask_quiz)
    return parser


_COMMANDS_OF_A_UNIT: tuple[tuple[str, Callable[[Session, argparse.Namespace], int], str], ...] = (
    ("start", start, "make a copy of the code with the exercise in it"),
    ("check", check, "check your copy: passed, or the smallest counter-example"),
    ("watch", watch, "check at each save"),
    ("hint", hint, "show the next of three hints"),
    ("solution", solution, "show the solution, after a pass"),
    ("reset", reset, "make the copy as it was handed out"),
)


def _unit(word: str) -> Unit:
    try:
        return find(word)
    except UnknownUnit as unknown:
        raise argparse.ArgumentTypeError(str(unknown)) from unknown


def _student(word: str) -> str:
    if not _NAME.fullmatch(word):
        raise argparse.ArgumentTypeError(f"{word[:40]!r}: give up to 30 of a-z, 0-9, _ and -")
    return word


def _default_student() -> str:
    """Return WORKSHOP_STUDENT, or the user's name in the form that a folder may have."""
    if chosen := os.environ.get("WORKSHOP_STUDENT"):
        return chosen  # argparse checks it like an option
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # of Python 3.11 and of 3.13: the user has no name, as in many containers
        user = ""
    return re.sub(r"[^a-z0-9_-]", "-", user.lower()).lstrip("-_")[:30] or "student"


if __name__ == "__main__":
    sys.exit(main())
