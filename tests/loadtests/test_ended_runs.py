"""A run that ends early: one clear line, what was measured so far kept, nothing left running, the right exit status."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from loadtests import client, processes, reachable, systems
from loadtests.__main__ import main
from tests.loadtests.begun import Begun, end_in
from tests.loadtests.planted import serving

NOBODY = "http://127.0.0.1:1"
FILLED = """
import resource, sys
from pathlib import Path
from loadtests.report import ReportNotWritten
from tests.loadtests.made_runs import made_run, written
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    written(made_run("a"), Path(sys.argv[1]))
except ReportNotWritten as full:
    print(full)
"""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Begun]:
    """A run that starts both of its sides."""
    with closing(Begun(tmp_path)) as run:
        yield run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a monolith that is up."""
    with systems.running(tmp_path_factory.mktemp("first"), [systems.MONOLITH]) as urls:
        yield urls[systems.MONOLITH.name]


@pytest.fixture
def begun(tmp_path: Path, first: str) -> Iterator[Begun]:
    """A run that starts its second side only: to start and to end one takes seconds."""
    with closing(Begun(tmp_path, first)) as run:
        yield run


@pytest.mark.live
@pytest.mark.parametrize("phase", ["start", "second: the same data"])
def test_a_run_that_is_ended_before_it_measured_leaves_nothing(both: Begun, phase: str) -> None:
    end_in(phase, both)
    assert not (both.folder / "report").exists()


@pytest.mark.live
@pytest.mark.parametrize("phase", ["publish", "second: the books"])
def test_a_run_that_is_ended_keeps_what_was_measured(begun: Begun, phase: str) -> None:
    end_in(phase, begun)
    found = begun.report()
    assert (found["complete"], found["ended_by"]) == (False, "SIGINT")
    assert found["scenarios"]["browse"]["first"]["seconds"] == 1.0
    assert "<b>Incomplete:</b> SIGINT" in (begun.folder / "report" / "report.html").read_text()


@pytest.mark.live
def test_a_comparison_that_is_ended_in_its_gate_leaves_nothing_running(tmp_path: Path, first: str) -> None:
    with closing(Begun(tmp_path, f"monolith={first}", module="tiny_comparison")) as compared:
        end_in("parity: the contract's tests on both", compared)
    assert not (tmp_path / "report").exists()


@pytest.mark.live
def test_a_system_that_dies_in_the_middle_is_named_and_what_was_measured_is_kept(begun: Begun) -> None:
    begun.until("publish")
    state = json.loads((begun.folder / "run" / "second" / "monolith.json").read_text())
    psutil.Process(state["pid"]).kill()
    status, said = begun.ended()
    assert status == 4
    assert [line.partition(" (log: ")[0] for line in said] == ["second ended in the middle of the run"]
    assert begun.left() == []
    assert begun.report()["ended_by"].startswith("second ended in the middle of the run")
    assert begun.report()["scenarios"]["browse"]["first"]["seconds"] == 1.0


def loading(url: str, *options: str) -> subprocess.Popen[str]:
    """Begin a load of a minute on a system, in a process of its own, and wait until it is offered."""
    command = [sys.executable, "-m", "loadtests", "load", "--url", url, "--duration", "60", "--rate", "50", *options]
    begun = subprocess.Popen(command, cwd=processes.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    assert any(line.startswith("… browse, steady") for line in begun.stdout)
    return begun


def await_views(url: str, more: int) -> None:
    """Wait until so many more views were counted than there are now."""
    with client.opened(url) as api:

        def counted() -> int:
            return sum(row["views"] for row in api.get("/trending?limit=100").json()["items"])

        wanted, deadline = counted() + more, monotonic() + 20
        while counted() < wanted:
            assert monotonic() < deadline
            sleep(0.05)


@pytest.mark.live
@pytest.mark.parametrize("workers", [(), ("--workers", "2")])
def test_a_load_that_is_ended_says_what_came_of_it_so_far(first: str, workers: tuple[str, ...]) -> None:
    with loading(first, *workers) as begun:
        await_views(first, 120)  # more than the 50 or so requests of the warm-up
        children = psutil.Process(begun.pid).children(recursive=True)
        begun.send_signal(signal.SIGINT)
        said, errors = begun.communicate(timeout=20)
    assert (begun.returncode, errors.splitlines()) == (130, ["ended by SIGINT; nothing is left running"])
    assert "incomplete: ended " in said
    (rate,) = (line.split()[0] for line in said.splitlines() if "right answers a second" in line)
    assert 25 < float(rate) < 75
    assert not [child for child in children if processes.is_running(child.pid)]


@pytest.mark.live
def test_a_load_on_a_system_that_dies_ends_with_4(tmp_path: Path) -> None:
    with (
        systems.running(tmp_path, [systems.MONOLITH]) as urls,
        loading(urls[systems.MONOLITH.name], "--duration", "5") as begun,
    ):
        psutil.Process(json.loads((tmp_path / "monolith.json").read_text())["pid"]).kill()
        said, errors = begun.communicate(timeout=60)
    assert begun.returncode == 4
    assert errors.startswith("nobody answers at http://127.0.0.1:")
    assert "right answers a second" in said


def test_a_full_disk_keeps_the_figures_and_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    said = subprocess.run(
        [sys.executable, "-c", FILLED, str(folder)], cwd=processes.ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == [f"cannot write the report into {folder}: File too large; its figures are kept"]
    assert sorted(file.name for file in folder.iterdir()) == ["report.json", "series.json"]
    assert json.loads((folder / "report.json").read_text())["complete"]


@pytest.mark.parametrize(
    "command", ["compare --monolith-url", "aa --url", "aa --other-url", "load --url", "seed --url"]
)
def test_a_url_that_nobody_answers_at_is_said_before_anything_is_started(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), NOBODY]) == 4
    captured = capsys.readouterr()
    assert captured.err.startswith(f"nobody answers at {NOBODY}: ")
    assert captured.err.count("\n") == 1
    assert "start" not in captured.out
    assert "seed" not in captured.out


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"info": {"version": "9.9.9"}}, f"serves version 9.9.9 of the contract, and this is {reachable.version()}"),
        ({"hello": "world"}, "is no system of ours"),
        ([], "is no system of ours"),
    ],
)
def test_another_contract_is_told_from_ours(
    document: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda number: (200, document)) as server:
        assert main(["aa", "--url", server.url, "--results", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
