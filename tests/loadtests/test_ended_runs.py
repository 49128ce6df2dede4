"""A run that ends early: one clear line, an incomplete report, nothing left running, the right exit status."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from loadtests import processes, systems
from loadtests.__main__ import main
from tests.loadtests.planted import serving
from tests.loadtests.started_runs import StartedRun, interrupt_in

NOBODY = "http://127.0.0.1:1"
FULL_DISK = """
import resource, sys
from pathlib import Path
from loadtests.report import ReportNotWritten
from tests.loadtests.made_runs import made_run, write_report
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    write_report(made_run("a"), Path(sys.argv[1]))
except ReportNotWritten as full:
    print(full)
"""


@pytest.fixture
def run(tmp_path: Path, monolith: str) -> Iterator[StartedRun]:
    """A run that starts only its second side, which saves seconds."""
    with closing(StartedRun(tmp_path, monolith)) as started:
        yield started


@pytest.mark.live
def test_an_interrupted_run_keeps_its_measurements(run: StartedRun) -> None:
    interrupt_in("publish", run)
    report = run.report()
    assert (report["complete"], report["ended_by"]) == (False, "SIGINT")
    assert report["scenarios"]["browse"]["first"]["seconds"] == 1.0
    assert "<b>Incomplete:</b> SIGINT" in (run.folder / "report" / "report.html").read_text()


@pytest.mark.live
@pytest.mark.deep
@pytest.mark.parametrize("phase", ["start", "second: seed"])
def test_a_run_interrupted_before_it_measured_leaves_nothing(tmp_path: Path, phase: str) -> None:
    with closing(StartedRun(tmp_path)) as both:
        interrupt_in(phase, both)
    assert not (tmp_path / "report").exists()


@pytest.mark.live
@pytest.mark.deep
def test_a_run_interrupted_in_its_audit_keeps_its_measurements(run: StartedRun) -> None:
    interrupt_in("second: consistency audit", run)
    assert run.report()["scenarios"]["publish"]["first"]["seconds"] == 1.0


@pytest.mark.live
@pytest.mark.deep
def test_a_system_that_dies_in_the_middle_is_named_and_the_measurements_are_kept(run: StartedRun) -> None:
    run.await_phase("publish")
    state = json.loads((run.folder / "run" / "second" / "monolith.json").read_text())
    psutil.Process(state["pid"]).kill()
    status, errors = run.result()
    assert status == 4
    assert [line.partition(" (log: ")[0] for line in errors] == ["second ended in the middle of the run"]
    assert run.survivors() == []
    assert run.report()["ended_by"].startswith("second ended in the middle of the run")
    assert run.report()["scenarios"]["browse"]["first"]["seconds"] == 1.0


def test_a_full_disk_keeps_the_figures_and_names_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    written = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)], cwd=processes.ROOT, capture_output=True, text=True, check=True
    )
    assert written.stdout.splitlines() == [
        f"cannot write the report into {folder}: File too large; its figures are kept"
    ]
    assert sorted(file.name for file in folder.iterdir()) == ["report.json", "series.json"]
    assert json.loads((folder / "report.json").read_text())["complete"]


@pytest.mark.parametrize("command", ["compare --monolith-url", "capacity --monolith-url"])
def test_a_url_without_a_system_is_reported_before_anything_starts(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), NOBODY]) == 4
    captured = capsys.readouterr()
    assert captured.err.startswith(f"no system answers at {NOBODY}: ")
    assert captured.err.count("\n") == 1
    assert "start" not in captured.out
    assert "seed" not in captured.out


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"info": {"version": "9.9.9"}},
            f"serves contract version 9.9.9, this is version {systems.contract_version()}",
        ),
        ([], "does not serve this API"),
    ],
)
def test_another_api_is_refused(
    document: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda number: (200, document)) as server:
        assert main(["compare", "--monolith-url", server.url, "--results", str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
