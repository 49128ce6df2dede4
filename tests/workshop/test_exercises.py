"""Each exercise fails as handed out with its counter-example, and passes with its solution. Patches apply to the code of today."""

import re
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from loadtests.results import SIDES
from workshop import copies
from workshop.__main__ import main
from workshop.checks import first_limit
from workshop.copies import Copy, CopyError
from workshop.units import CLONE, FOLDER, HINTS, SECTIONS, Unit, all_units, find

each_unit = pytest.mark.parametrize("unit", all_units(), ids=lambda unit: unit.name)
# A part of what the failed check of each unit must show.
COUNTER_EXAMPLES = {
    "setup": "`status` has no value yet",
    "two-answers": "body.errors[0].field\n  monolith       'value'\n  microservices  'vote'",
    "one-vote": "`write_units` has no value yet",
    "closed-or-open": "while 100 of 300 requests were due",
    "hot-post": "270 votes for one post wrote its score item 270 times",
    "double-votes": "delivered: 1 again                  score 2\n  expected score 1, got 2",
    "staleness": "votes-projection     waits  5,000 ms",
    "bill": "POST /users\n  write units by the meter  1\n  write units by hand       4",
    "first-limit": "`monolith_limit` has no value yet",
    "decide": "the line `Choice:` must begin with monolith or microservices",
}
FILE = re.compile(r"`((?:docs|loadtests|microservices|monolith|shared_domain|tests)/[\w/.-]+)`")
NAME = re.compile(r"`([A-Za-z_]\w+)`")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for copies, inside of no repository."""
    yield tmp_path / "students"


def cpu_of_children_s() -> float:
    """Return the processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@each_unit
def test_a_unit_has_all_sections_three_hints_and_a_slide_that_fits(unit: Unit) -> None:
    assert tuple(unit.sections) == SECTIONS
    assert all(unit.sections.values())
    assert len(unit.hints) == HINTS
    assert len(unit.sections["Slide"].splitlines()) <= 4
    assert {180} <= {*unit.cuts} <= {60, 90, 180}


def test_each_cut_of_the_workshop_takes_its_minutes_at_most() -> None:
    """The setup check comes before a short workshop. Three hours have it, and a break of ten minutes."""
    for cut, others in ((60, 0), (90, 0), (180, 25)):
        assert sum(unit.minutes for unit in all_units() if cut in unit.cuts and unit.number) + others <= cut


@each_unit
def test_the_files_and_names_of_hints_and_steps_exist(unit: Unit) -> None:
    text = "\n".join([*unit.hints, unit.sections["Steps"], unit.sections["Solution"]])
    copied = set(copies._files())
    assert [name for name in FILE.findall(text) if name not in copied] == []
    patched = [CLONE / name for name in re.findall(r"^\+\+\+ b/(.*)$", unit.fault.read_text(), re.MULTILINE)]
    known = "\n".join(
        file.read_text()
        for file in (*patched, *(CLONE / name for name in FILE.findall(text)), unit.fault, unit.solution)
        if file.is_file()
    )
    everywhere = {"start", "check", "hint", "solution", "vote", "value"}
    names = {name for name in NAME.findall(" ".join(unit.hints)) if name not in everywhere}
    assert {name for name in names if name not in known} == set()


@each_unit
def test_the_patches_apply_to_the_code_of_today(unit: Unit, tmp_path: Path) -> None:
    files = {
        name
        for patch in (unit.fault, unit.solution)
        for name in re.findall(r"^--- a/(.*)$", patch.read_text(), re.MULTILINE)
    }
    for name in files:
        if (CLONE / name).exists():  # else the fault adds it
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((CLONE / name).read_bytes())
    before = {name: (tmp_path / name).read_bytes() for name in files if (tmp_path / name).exists()}
    copies.apply(unit.fault, tmp_path)
    assert all((tmp_path / name).read_bytes() != content for name, content in before.items())
    copies.apply(unit.solution, tmp_path)


def test_the_limits_to_choose_from_are_those_of_the_model() -> None:
    fault = find("first-limit").fault.read_text()
    offered = {side: re.search(rf"^\+# On the {side}: (.*(?:\n\+#   .*)*)", fault, re.MULTILINE) for side in SIDES}
    named = {side: {*re.sub(r"\n\+#", " ", match[1]).split()} for side, match in offered.items() if match}
    assert named == {side: {limit.name for limit in first_limit.ladder() if limit.side == side} for side in SIDES}


@pytest.mark.deep
@each_unit
def test_an_exercise_fails_as_handed_out_and_passes_with_its_solution(unit: Unit, folder: Path) -> None:
    copy = Copy(unit, folder / unit.name)
    copy.make()
    begin_s = cpu_of_children_s()
    handed_out = copy.check()
    assert not handed_out.passed
    assert COUNTER_EXAMPLES[unit.name] in handed_out.text
    copies.apply(unit.solution, copy.folder)
    solved = copy.check()
    assert solved.passed, solved.text
    assert (cpu_of_children_s() - begin_s) / 2 <= unit.check_s  # processor time, since other tests use the same cores


@pytest.mark.deep
def test_two_students_do_not_disturb_each_other_and_reset_restores(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(student: str, *words: str) -> int:
        return main(["--folder", str(folder), "--student", student, *words])

    assert run("ada", "start", "9") == run("bob", "start", "9") == 0
    page = folder / "ada" / "9-decide" / "decision.md"
    handed_out, others = page.read_text(), folder / "bob" / "9-decide" / "decision.md"
    copies.apply(find("decide").solution, page.parent)
    assert run("ada", "solution", "9") == 1  # not before the pass
    assert run("ada", "check", "9") == 0
    assert run("bob", "check", "9") == 1
    assert others.read_text() == handed_out
    assert run("ada", "solution", "9") == 0
    assert run("ada", "start", "9") == 3  # it is there already
    assert run("ada", "reset", "9") == 0
    assert page.read_text() == handed_out
    Timer(1.0, copies.apply, (find("decide").solution, page.parent)).start()
    assert run("ada", "watch", "9") == 0  # checks again after the save
    assert run("ada", "reset", "9") == 0
    assert run("ada", "check", "9") == 1
    assert run("ada", "list") == run("ada", "overview", str(folder)) == 0
    assert "ada                    –   –   –   –   –   –   –   –   –   ✓" in capsys.readouterr().out
    assert run("bob", "hint", "9") == 0
    assert run("bob", "solution", "9", "--give-up") == 0
    assert run("bob", "progress") == 0
    assert f"{'bob':<20}   –   –   –   –   –   –   –   –   –   !" in capsys.readouterr().out
    assert "workshop" not in copies._git("status", "--porcelain", "--ignored", cwd=FOLDER).stdout.replace(
        "docs/workshop/", ""
    )


@pytest.mark.deep
def test_code_that_cannot_run_is_shown_with_the_end_of_its_traceback(folder: Path) -> None:
    copy = Copy(find("double-votes"), folder / "copy")
    copy.make()
    (copy.folder / "microservices" / "votes" / "projection.py").write_text("def count_votes(:\n")
    outcome = copy.check()
    assert not outcome.passed
    assert "SyntaxError" in outcome.text
    with suppress(CopyError):
        copy.make()
        raise AssertionError("made twice")
