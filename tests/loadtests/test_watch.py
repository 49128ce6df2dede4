"""Watching a comparison: its journal, the stream that a browser reads, and the command from start to Ctrl-C."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import httpx
import psutil
import pytest
from rich.console import Console

from loadtests import processes, systems
from loadtests.__main__ import main
from loadtests.processes import ROOT
from loadtests.progress import ProgressDisplay
from loadtests.results import Freshness, Lag, SideBlock
from loadtests.watch.following import Story, follow, running
from loadtests.watch.journal import NAME, Journal
from loadtests.watch.server import serving
from tests.loadtests.made_runs import a_block

WITHIN_S = 10.0


def play(journal: Journal) -> None:
    """Do what a comparison does, but for the load."""
    shown = ProgressDisplay(Console(file=io.StringIO()), journal)
    with shown.phase("browse: both sides in turns", 2) as done:
        for side in ("monolith", "microservices"):
            journal.block("browse", SideBlock(side, 0, 0.0, a_block(Random(side), 5.0, 60)), seconds=2.0)
            done()
    journal.lags("monolith", Freshness({"post_to_search": Lag([10.0, 30.0, 20.0]), "vote_to_live": Lag()}))


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The journal of a run that is over."""
    journal = Journal(tmp_path / "over" / NAME)
    with journal.running(profile="quick"):
        play(journal)
    return tmp_path / "over" / NAME


def several(url: str, kind: str, count: int) -> list[dict[str, Any]]:
    """Return so many events of a kind."""
    return [event for event in events_of(url, kind, count) if event["kind"] == kind]


def events_of(url: str, until: str, times: int = 1, **headers: str) -> list[dict[str, Any]]:
    """Read the stream as a browser does, until so many events of a kind have come."""
    found: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{url}events", timeout=WITHIN_S, headers=headers) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        number = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "id":
                number = value
            if field == "data":
                found.append({**json.loads(value), "id": number})
                if sum(event["kind"] == until for event in found) == times:
                    return found
    raise AssertionError(f"the stream ended before {until}: {found}")


@contextmanager
def watched(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, with the address it says."""
    command = [sys.executable, "-m", "loadtests", "watch", "--port", "0", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[1]
    finally:
        process.kill()
        process.communicate()


@contextmanager
def followed(runs: Path) -> Iterator[str]:
    """A page that follows the runs of a directory, in this process."""
    story, stop = Story(), Event()
    thread = Thread(target=follow, args=(runs, story, stop), daemon=True)
    with serving(story, 0) as url:
        thread.start()
        yield url
        stop.set()
        thread.join(WITHIN_S)
    assert not thread.is_alive()


def test_a_recorded_run_is_told_from_begin_to_end(recorded: Path) -> None:
    with watched("--recorded", str(recorded)) as (_, url):
        found = events_of(url, "ended")
    kinds = [event["kind"] for event in found if event["kind"] not in ("idle", "workers")]
    assert kinds == ["began", "phase", "block", "step", "block", "step", "lags", "ended"]
    block = next(event for event in found if event["kind"] == "block")
    assert (block["side"], block["scenario"], block["rate"], block["errors"]) == ("monolith", "browse", 30.0, 0)
    assert 0 < block["p50_ms"] < block["p95_ms"] <= block["p99_ms"]
    assert next(event for event in found if event["kind"] == "lags")["lags_ms"] == {"post_to_search": 20.0}
    assert found[-1]["how"] == "complete"


def test_a_run_that_is_made_is_told_while_it_is_made(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "made" / NAME)
    with followed(tmp_path) as url:
        assert events_of(url, "idle")[-1]["kind"] == "idle"
        with journal.running(profile="quick"):
            assert running(tmp_path) == [tmp_path / "made" / NAME]
            assert events_of(url, "began")[-1]["profile"] == "quick"
            play(journal)
            assert [event["kind"] for event in events_of(url, "lags")][-2:] == ["step", "lags"]
        assert events_of(url, "ended")[-1]["how"] == "complete"


def test_the_next_run_takes_the_place_of_the_last(recorded: Path, tmp_path: Path) -> None:
    assert running(tmp_path) == []
    first, second = (Journal(tmp_path / name / NAME) for name in ("first", "second"))
    with followed(tmp_path) as url:
        with first.running(profile="first"):
            assert events_of(url, "began")[-1]["profile"] == "first"
        events_of(url, "ended")
        with second.running(profile="second"):
            second.tell("phase", name="the second's", steps=1)
            events_of(url, "phase")
            story = [event for event in events_of(url, "phase") if event["kind"] != "workers"]
    assert [(event["kind"], event.get("profile")) for event in story] == [("began", "second"), ("phase", None)]


def test_a_reader_that_comes_back_hears_only_what_is_new(recorded: Path) -> None:
    with watched("--recorded", str(recorded)) as (_, url):
        found = events_of(url, "ended")
        again = events_of(url, "ended", **{"Last-Event-ID": found[-3]["id"]})
    assert [event["id"] for event in again] == [found[-2]["id"], found[-1]["id"]]


def test_a_number_of_another_server_hears_everything(recorded: Path) -> None:
    with watched("--recorded", str(recorded)) as (_, url):
        whole = events_of(url, "ended")
        assert events_of(url, "ended", **{"Last-Event-ID": "99999"})[-1] == whole[-1]


def test_a_run_whose_process_died_is_over_and_said_so(tmp_path: Path) -> None:
    own = psutil.Process()
    journal = Journal(tmp_path / "killed" / NAME)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    journal.tell("began", pid=child.pid, born=psutil.Process(child.pid).create_time(), profile="quick")
    with followed(tmp_path) as url:
        assert events_of(url, "began")[-1]["pid"] == child.pid != own.pid
        child.kill()
        child.communicate()
        assert events_of(url, "ended")[-1]["how"] == "its process is gone"


def test_the_processes_of_a_side_are_counted_by_what_they_belong_to(tmp_path: Path) -> None:
    mark = systems.MONOLITH.mark(tmp_path / "made")
    pid = processes.start([sys.executable, "-c", "while True: pass"], mark=mark, log=tmp_path / "log")
    try:
        with followed(tmp_path) as url, Journal(tmp_path / "made" / NAME).running(profile="quick"):
            assert events_of(url, "workers")[-1]["sides"] == {"monolith": {"processes": 1, "threads": 1, "cores": 0.0}}
            assert any(event["sides"]["monolith"]["cores"] > 0 for event in several(url, "workers", 3))
    finally:
        processes.end([pid], [mark], within_s=WITHIN_S)


def test_a_run_that_broke_off_says_why(tmp_path: Path) -> None:
    journal = Journal(tmp_path / NAME)
    with pytest.raises(ValueError, match="no"), journal.running(profile="quick"):
        raise ValueError("no monolith")
    assert json.loads((tmp_path / NAME).read_text().splitlines()[-1])["how"] == "ended by no monolith"


def test_lines_that_are_no_events_are_left_out(recorded: Path) -> None:
    lines = recorded.read_text().splitlines(keepends=True)
    recorded.write_text("".join([lines[0], "{broken\n", "[]\n", *lines[1:], '{"kind": "half']))
    with watched("--recorded", str(recorded)) as (_, url):
        assert events_of(url, "ended")[-1]["how"] == "complete"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_while_somebody_reads(tmp_path: Path, number: signal.Signals) -> None:
    with watched("--runs", str(tmp_path)) as (process, url), httpx.stream("GET", f"{url}events") as answer:
        assert next(answer.iter_lines()).startswith("id: ")
        process.send_signal(number)
        assert process.wait(WITHIN_S) == 0
        assert process.stdout is not None and process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
    assert err == ""
    assert "no comparison runs" in out
    assert out.endswith("stopped watching\n")


def test_the_page_is_served_and_asks_no_other_host(recorded: Path) -> None:
    with watched("--recorded", str(recorded)) as (_, url):
        answer = httpx.get(url)
        assert httpx.get(f"{url}elsewhere").status_code == 404
        assert httpx.get(url, headers={"Host": "example.org"}).status_code == 421
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "https://" not in answer.text
    assert url.startswith("http://127.0.0.1:")


def test_what_cannot_be_watched_is_one_line_and_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "--recorded", str(tmp_path / "nothing")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    with serving(Story(), 0) as url:
        taken = url.rstrip("/").rpartition(":")[2]
        assert main(["watch", "--port", taken]) == 3
    assert f"port {taken}" in capsys.readouterr().err


def test_a_disk_that_takes_nothing_ends_the_journal_and_not_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Journal(tmp_path / "file" / NAME).running(profile="quick"):
        pass
