"""What a student did: starts, checks, hints and quizzes, in one JSON file that can be handed in, and an overview of many."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec

from workshop.units import all_units

FILE = "progress.json"
_LARGEST = 1_000_000  # characters of a file that is handed in


@dataclass(slots=True)
class Record:
    """What happened in one unit. Times are in UTC. minutes: from the first start to the pass."""

    started: str = ""
    passed: str = ""
    minutes: float = 0.0
    checks: int = 0
    hints: int = 0
    resets: int = 0
    gave_up: bool = False


@dataclass(slots=True)
class Progress:
    """The progress of one student. quiz: the number of right answers, before and after."""

    student: str
    units: dict[str, Record] = field(default_factory=dict)
    quiz: dict[str, int] = field(default_factory=dict)

    def of(self, unit: str) -> Record:
        """Return the record of a unit."""
        return self.units.setdefault(unit, Record())

    def save(self, folder: Path) -> Path:
        """Write the file into the student's folder. Return it."""
        file, draft = folder / FILE, folder / f"{FILE}.draft"
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(file)
        return file


def load(folder: Path, student: str) -> Progress:
    """Return the progress in a student's folder, or an empty one."""
    file = folder / FILE
    return read(file) if file.exists() else Progress(student)


def read(file: Path) -> Progress:
    """Return the progress in a file. Raise ValueError if it is none."""
    try:
        with file.open(encoding="utf-8") as lines:
            content = lines.read(_LARGEST)  # a longer file is cut, and so no JSON
        return msgspec.json.decode(content, type=Progress)
    except (OSError, RecursionError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{file}: no progress file ({error})") from error


def now() -> str:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def mark_passed(record: Record) -> None:
    """Note the first pass of a unit. A pass after `solution --give-up` is none."""
    if not record.passed and not record.gave_up:
        record.passed = now()
        began = datetime.fromisoformat(record.started or record.passed)
        record.minutes = round((datetime.fromisoformat(record.passed) - began).total_seconds() / 60, 1)


def table(students: Iterable[Progress]) -> list[str]:
    """Return the overview of a class: units by student, then median and 80th percentile of the minutes of each unit."""
    everybody = sorted(students, key=lambda one: one.student)
    numbers = {unit.name: unit.number for unit in all_units()}
    head = " ".join(f"{number:>3}" for number in numbers.values())
    lines = [f"{'student':<20} {head}  quiz"]
    for one in everybody:
        cells = " ".join(f"{_mark(one.units.get(name)):>3}" for name in numbers)
        lines.append(f"{one.student[:20]:<20} {cells}  {_quiz(one.quiz)}")
    for label, figure in (("minutes, median", median), ("minutes, p80", _p80)):
        times = [[one.units[name].minutes for one in everybody if _passed(one, name)] for name in numbers]
        lines.append(f"{label:<20} " + " ".join(f"{figure(each):>3.0f}" if each else "  –" for each in times))
    gains = [one.quiz["after"] - one.quiz["before"] for one in everybody if {"before", "after"} <= {*one.quiz}]
    if gains:
        lines.append(f"quiz: {sum(gains) / len(gains):+.1f} right answers after the workshop, {len(gains)} students")
    return [*lines, "✓ passed  ✓2 with 2 hints  … started  ! gave up  – not started"]


def _passed(one: Progress, name: str) -> bool:
    return name in one.units and bool(one.units[name].passed)


def _mark(record: Record | None) -> str:
    if record is None or not record.started:
        return "–"
    if record.gave_up:
        return "!"
    return f"✓{record.hints or ''}" if record.passed else "…"


def _quiz(quiz: dict[str, int]) -> str:
    return " → ".join(str(quiz.get(when, "–")) for when in ("before", "after"))


def _p80(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.8 * len(values)))]
