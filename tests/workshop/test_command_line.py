"""The command line of the workshop: progress files, overview, quiz, hints, wrong input. No copy is made here."""

from io import StringIO
from pathlib import Path

import pytest

from workshop import doctor, progress, quiz
from workshop.__main__ import main
from workshop.copies import Copy
from workshop.units import all_units, find


def run(folder: Path, *words: str, student: str = "ada") -> int:
    return main(["--folder", str(folder), "--student", student, *words])


def test_list_shows_the_units_of_a_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "list", "--cut", "60") == 0
    shown = capsys.readouterr().out
    assert "Follow one vote" in shown
    assert "The hot post" not in shown


def test_hints_grow_and_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (1, 2, 3, 3):
        assert run(tmp_path, "hint", "5") == 0
        assert capsys.readouterr().out.count("Hint ") == shown
    assert progress.load(tmp_path / "ada", "ada").of("double-votes").hints == 3


def test_a_solution_is_shown_only_after_a_pass_or_to_one_who_gives_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "solution", "bill") == 1
    assert "--give-up" in capsys.readouterr().err
    assert run(tmp_path, "solution", "bill", "--give-up") == 0
    assert "stores.write_units" in capsys.readouterr().out
    assert progress.load(tmp_path / "ada", "ada").of("bill").gave_up


def test_the_overview_shows_the_files_that_it_can_read_and_names_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for student, minutes in (("ada", 10.0), ("bob", 30.0)):
        one = progress.Progress(student, quiz={"before": 2, "after": 5})
        one.units["bill"] = progress.Record(
            started="2026-01-02T10:00:00+00:00", passed="later", minutes=minutes, hints=2
        )
        one.save(tmp_path / student)
    (tmp_path / "broken.json").write_text("[]")
    assert run(tmp_path, "overview", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert f"{'ada':<20}   –   –   –   –   –   –   –  ✓2   –   –  2 → 5" in shown
    assert f"{'minutes, median':<20}   –   –   –   –   –   –   –  20   –   –" in shown
    assert "quiz: +3.0 right answers" in shown
    assert "broken.json: no progress file" in shown


@pytest.mark.parametrize(
    "content",
    [
        '{"student": "eve", "units": {"bill": {"passed": "later", "minutes": "many"}}, "quiz": {}}',
        '{"student": "eve", "units": {}, "quiz": {"before": 1e999}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_progress_does_not_end_the_overview(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress.Progress("ada").save(tmp_path / "ada")
    (tmp_path / "eve.json").write_text(content)
    assert run(tmp_path, "overview", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert f"{'ada':<20}   –" in shown
    assert "eve.json: no progress file" in shown


def test_a_user_without_a_name_is_a_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("WORKSHOP_STUDENT", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert main(["--folder", str(tmp_path), "progress"]) == 0
    assert str(tmp_path / "student") in capsys.readouterr().out


def test_the_lock_file_of_an_editor_is_no_save(tmp_path: Path) -> None:
    (tmp_path / "routes.py").touch()
    saved = Copy(find("1"), tmp_path).changed()
    (tmp_path / ".#routes.py").symlink_to("ada@laptop.4711")
    assert Copy(find("1"), tmp_path).changed() == saved


def test_the_quiz_shows_the_right_answers_only_after_the_workshop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = "".join(question.right for question in quiz.questions())
    assert run(tmp_path, "quiz", "before", "--answers", "aaaaaa") == 0
    assert quiz.questions()[0].why not in capsys.readouterr().out
    assert run(tmp_path, "quiz", "after", "--answers", right) == 0
    assert quiz.questions()[0].why in capsys.readouterr().out
    assert progress.load(tmp_path / "ada", "ada").quiz == {"before": right.count("a"), "after": 6}
    assert len(quiz.questions()) == 6


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("check", "5"), "not started"),
        (("start", "12"), "no unit '12'"),
        (("quiz", "before", "--answers", "abc"), "give 6 letters"),
        (("quiz", "before"), "the input ended"),
        (("overview", "no-such-folder"), "no such folder"),
    ],
)
def test_wrong_input_is_one_line_with_status_3(
    words: tuple[str, ...],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())
    try:
        status = run(tmp_path, *words)
    except SystemExit as ended:
        status = int(str(ended.code))
    shown = capsys.readouterr().err
    assert status == 3
    assert reason in shown
    assert shown.count("\n") == 1


def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "list", student="../ada")


def test_watch_checks_again_only_after_a_save(tmp_path: Path) -> None:
    copy = Copy(find("bill"), tmp_path)
    (tmp_path / "answers.yaml").write_text("a: 1\n")
    seen = copy.changed()
    assert copy.changed() == seen
    (tmp_path / "note.txt").write_text("no code")
    assert copy.changed() == seen


def test_the_doctor_gives_ten_lines_each_with_a_remedy() -> None:
    findings = doctor.findings()
    assert len(findings) == 10
    assert all(finding.mend and finding.state for finding in findings)
    broken = doctor.Finding("disk", False, "0.1 GB free", "free space")
    assert doctor.line(broken) == "MEND  disk          0.1 GB free: free space"


def test_the_quiz_and_the_units_have_numbers_without_gaps() -> None:
    assert [unit.number for unit in all_units()] == list(range(10))
