"""What stands behind the figures of cold starts: the probe within a process, its share of a processor, and the arithmetic."""

import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from rich.console import Console

from loadtests.coldstarts import figures
from loadtests.coldstarts.manifest import manifest
from loadtests.coldstarts.notes import Notes, Process
from loadtests.coldstarts.shares import Shares, used_s
from loadtests.coldstarts.trials import in_turns
from loadtests.report import add_chapter, print_chapter
from tests.loadtests.made_trials import chapter, trial

HANDLER = """
import time
import slow_library
began = time.perf_counter()
while time.perf_counter() - began < 0.03:
    pass

def lambda_handler(event, context):
    if event == "late":
        import late_library
    return event
"""
SLOW = "import time\nbegan = time.perf_counter()\nwhile time.perf_counter() - began < 0.05:\n    pass\nimport other_library\n"
WORKER = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
handle = importlib.import_module("handler").lambda_handler
for event in sys.argv[2:]:
    assert handle(event, None) == event
"""
BUSY = """
import os, signal, time
os.kill(os.getpid(), signal.SIGSTOP)
began = time.perf_counter()
while time.process_time() < 0.25:
    pass
computed = time.perf_counter() - began
began = time.perf_counter()
time.sleep(0.1)
print(computed, time.perf_counter() - began)
"""


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


def watched(notes: Notes, folder: Path, *events: str, held: bool = False) -> "subprocess.Popen[bytes]":
    """Start a process that imports a handler and calls it."""
    for name, text in {
        "handler": HANDLER,
        "slow_library": SLOW,
        "other_library": SLOW[: SLOW.index("import other")],
    }.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "late_library.py").write_text("")
    settings = notes.settings("mine", handler="handler", held=held)
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), *events], env=settings)


def only(notes: Notes) -> Process:
    (found,) = notes.of("mine")
    return found


def until_stopped(pid: int) -> None:
    deadline = monotonic() + 20
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        assert monotonic() < deadline
        sleep(0.005)


# --- the probe ---


def test_a_process_tells_of_its_start_and_of_each_call(notes: Notes, tmp_path: Path) -> None:
    started = watched(notes, tmp_path, "one", "two")
    assert started.wait(20) == 0
    found = only(notes)
    assert (found.pid, found.mark, len(found.calls)) == (started.pid, "mine", 2)
    assert found.start is not None
    assert found.start.wall_ms > 130
    assert 1 < found.start.interpreter_ms < 2_000
    assert all(call.wall_ms < found.start.wall_ms for call in found.calls)
    assert found.calls[-1].peak_kib >= found.start.peak_kib > 1_000


def test_what_a_module_imports_is_not_its_own_time(notes: Notes, tmp_path: Path) -> None:
    assert watched(notes, tmp_path, "one").wait(20) == 0
    start = only(notes).start
    assert start is not None
    own = start.imports_ms
    assert all(own[name] >= least for name, least in (("slow_library", 50), ("other_library", 50), ("handler", 30)))
    assert sum(start.own_ms.values()) <= start.wall_ms
    assert own["slow_library"] + own["other_library"] + own["handler"] <= start.wall_ms


def test_what_is_imported_late_belongs_to_the_call_that_imports_it(notes: Notes, tmp_path: Path) -> None:
    assert watched(notes, tmp_path, "early", "late").wait(20) == 0
    early, late = only(notes).calls
    assert "late_library" in late.imports_ms
    assert "late_library" not in early.imports_ms


def test_a_process_that_is_not_asked_leaves_no_notes(notes: Notes, tmp_path: Path) -> None:
    path = {"PYTHONPATH": notes.settings("mine")["PYTHONPATH"]}
    assert subprocess.run([sys.executable, "-c", "pass"], env=path, check=False).returncode == 0
    assert notes.of("mine") == []


def test_a_held_process_waits_for_its_share_when_it_is_ready(notes: Notes, tmp_path: Path) -> None:
    started = watched(notes, tmp_path, "one", held=True)
    try:
        until_stopped(started.pid)
        assert only(notes).start is not None
        assert only(notes).calls == ()
        started.send_signal(signal.SIGCONT)
        assert started.wait(20) == 0
    finally:
        started.kill()
    assert len(only(notes).calls) == 1


# --- a share of a processor ---


@pytest.fixture
def shares() -> Iterator[Shares]:
    found = Shares()
    with found.kept():
        yield found


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[str]"]:
    """A process that has stopped itself, and computes and then waits once it may go on."""
    started = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True)
    try:
        until_stopped(started.pid)
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_process_computes_no_faster_than_its_share_and_waits_as_ever(
    shares: Shares, busy: "subprocess.Popen[str]", share: float
) -> None:
    left = 0.25 - used_s(busy.pid)
    shares.hold(busy.pid, share)
    computed, slept = map(float, busy.communicate(timeout=60)[0].split())
    assert computed >= 0.9 * left / share
    assert slept < 1.0


def test_a_released_process_goes_on(shares: Shares, busy: "subprocess.Popen[str]") -> None:
    shares.hold(busy.pid, 0.0001)
    sleep(0.1)
    shares.release(busy.pid)
    assert busy.wait(60) == 0


def test_a_process_that_is_gone_troubles_nobody(shares: Shares) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(OSError, match=r"\[Errno"):
        shares.hold(gone.pid, 0.5)
    shares.release(gone.pid)


# --- the arithmetic ---


def test_the_parts_of_a_cold_start_add_up_to_it() -> None:
    cold = figures.cold([trial(1), trial(2)], 512)
    imports = cold["imports_ms"]
    assert imports == {
        "boto3": 100, "powertools": 40, "other libraries": 8, "standard library": 25, "domain": 2, "own code": 5,
    }  # fmt: skip
    assert (cold["clients_ms"], cold["rest_of_first_ms"]) == (75, 30)
    parts = cold["start_ms"] + sum(imports.values()) + cold["clients_ms"] + cold["rest_of_first_ms"]
    assert parts == pytest.approx(cold["total_ms"]["median"]) == 350


def test_a_call_is_billed_by_started_milliseconds_with_its_init() -> None:
    assert figures.gb_s([1.01], 1024) == 0.002
    assert figures.cold([trial(1, init=300.2, first=49.9)], 512)["gb_s"] == pytest.approx(0.351 / 2, rel=1e-3)
    assert figures.warm([trial(1, warm=9.1)], 512)["gb_s"] == 0.005


def test_a_spread_shows_median_lowest_and_highest() -> None:
    assert figures.spread([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0}


def test_a_whole_processor_comes_with_1769_mb_and_no_second_one_helps() -> None:
    assert [round(figures.share_of(size), 3) for size in (128, 1769, 3008)] == [0.072, 1, 1]


def swept(**warm_ms: float) -> list[dict[str, object]]:
    held = {int(size.removeprefix("mb")): trial(1, warm=ms) for size, ms in warm_ms.items()}
    return figures.sweep([trial(1, warm=10), trial(2, warm=10)], held, peak_mb=64)


def test_the_cheapest_memory_is_hardly_slower_than_the_best() -> None:
    rows = swept(mb128=80, mb256=40, mb512=10.9, mb1024=10)
    assert figures.cheapest(rows) == 512  # 128 MB would be billed for less time and memory, and is eight times as slow
    assert figures.cheapest(swept(mb128=10, mb256=10, mb512=10, mb1024=10)) == 128
    assert figures.cheapest([]) is None


def test_no_memory_is_the_cheapest_while_a_size_is_not_tried() -> None:
    assert figures.cheapest(swept(mb128=80, mb256=40)) is None


def test_a_size_below_the_most_memory_held_is_no_candidate() -> None:
    rows = figures.sweep([trial(1)], {size: trial(2, warm=10) for size in (256, 512, 1024)}, peak_mb=200)
    assert [(row["memory_mb"], row["fits"]) for row in rows][:2] == [(128, False), (256, True)]
    assert "warm_ms" not in rows[0]
    assert figures.cheapest(rows) == 256


def test_the_model_stretches_what_computes_and_not_what_waits() -> None:
    (row,) = [row for row in swept(mb128=80) if row["memory_mb"] == 128]
    assert row["modelled_warm_ms"] == pytest.approx(5 * 1769 / 128 + 5, abs=0.01)


def test_turns_go_there_and_back() -> None:
    assert list(in_turns("ABC", 3)) == ["A", "B", "C", "C", "B", "A", "A", "B", "C"]


def test_a_manifest_counts_what_a_package_holds(tmp_path: Path) -> None:
    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for name in ("microservices/a.py", "shared_domain/b.py", "msgspec/__init__.py", "jwt/__init__.py"):
            packed.writestr(name, "x" * 100)
    found = manifest(file)
    assert (found["files"], found["bytes"], found["zip_bytes"]) == (4, 400, file.stat().st_size)
    assert found["libraries"] == {name: version(name) for name in ("PyJWT", "msgspec")}


# --- the chapter ---


def test_a_report_of_cold_starts_alone_has_its_findings_on_the_first_screen(tmp_path: Path) -> None:
    page = (add_chapter(tmp_path / "run", "cold_starts", chapter()) / "report.html").read_text()
    first_screen = page[page.index('<section id="findings"') : page.index("<nav")]
    assert "What does the first call of a function cost, compared with the next ones?" in page[: page.index("<nav")]
    assert "A cold function finishes its first call after 350 ms, a warm one after 10.0 ms" in first_screen
    assert "51 % of a cold start is importing (medians)." in first_screen
    assert "The monolith answers first 2,000 ms after its start" in first_screen
    assert page.count('class="plot"') == 1


def test_incomplete_cold_starts_say_so(tmp_path: Path) -> None:
    cut = {
        **chapter(names=("posts-http",), sweep=False),
        "monolith": None,
        "complete": False,
        "ended_by": "SIGINT",
    }
    page = (add_chapter(tmp_path / "run", "cold_starts", cut) / "report.html").read_text()
    assert "<b>Incomplete:</b> cold starts, SIGINT" in page
    assert "monolith answers first" not in page


def test_the_terminal_shows_the_functions_in_80_columns(tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=(tmp_path / "terminal").open("w"))
    print_chapter(add_chapter(tmp_path / "run", "cold_starts", chapter()), "cold_starts", console)
    text = console.export_text()
    assert "posts-http" in text
    assert "…" not in text
