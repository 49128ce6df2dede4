"""Start and end of background systems, on small programs."""

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from loadtests import files, processes, systems
from loadtests.systems import System, SystemFailed

# Writes its state file as a system does, starts a child and a detached process, and waits for SIGTERM.
WILLING = """
import json, os, pathlib, signal, subprocess, sys
run_dir = pathlib.Path(sys.argv[sys.argv.index("--run-dir") + 1])
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
children = [subprocess.Popen(sleeper).pid, subprocess.Popen(sleeper, start_new_session=True).pid]
(run_dir / "children").write_text(" ".join(map(str, children)))
(run_dir / "willing.json").write_text(json.dumps({"url": "http://127.0.0.1:1", "live_url": "ws:", "pid": os.getpid()}))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.pause()
"""
FAILING = "import sys; print('some noise'); sys.exit('failing: the port is haunted')"
HOLDER = """
import pathlib, sys, time
from loadtests import processes, systems
processes.raise_interrupts()
run_dir = pathlib.Path(sys.argv[1])
try:
    with systems.running(run_dir, [systems.System("willing", (sys.executable, str(run_dir / "willing.py")))]):
        print("up", flush=True)
        time.sleep(60)
except processes.Interrupted:
    sys.exit(0)
"""
STARTER = """
import pathlib, sys
from loadtests import systems
run_dir = pathlib.Path(sys.argv[1])
print(*systems.up(run_dir, [systems.System("willing", (sys.executable, str(run_dir / "willing.py")))]))
"""


def system(name: str, folder: Path) -> System:
    program = folder / f"{name}.py"
    if not program.exists():
        program.write_text({"willing": WILLING, "failing": FAILING}[name])
    return System(name, (sys.executable, str(program)))


def children(run_dir: Path) -> list[int]:
    return [int(word) for word in (run_dir / "children").read_text().split()]


def gone(pids: list[int], within_s: float = 10) -> bool:
    deadline = monotonic() + within_s
    while alive := [pid for pid in pids if processes.is_running(pid)]:
        if monotonic() > deadline:
            return not alive
        sleep(0.02)
    return True


def python(code: str, run_dir: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, str(run_dir)]
    return subprocess.Popen(command, cwd=processes.ROOT, stdout=subprocess.PIPE, text=True)


def test_of_two_ups_at_once_one_starts_what_both_then_have_and_down_ends_all(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    both = [python(STARTER, tmp_path) for _ in range(2)]
    try:
        assert sorted(each.communicate(timeout=60)[0] for each in both) == ["\n", "willing\n"]
        pids = children(tmp_path)
        assert {*pids} < {each.pid for each in systems.members(willing, tmp_path)}
        stack = {"willing": "http://127.0.0.1:1", "willing-live": "ws:"}
        assert json.loads((tmp_path / "stack.json").read_text()) == stack
        with pytest.raises(SystemFailed, match="willing runs already in"), systems.running(tmp_path, [willing]):
            raise AssertionError("it was started twice")
        assert not gone(pids, within_s=0)
    finally:
        assert systems.down(tmp_path, [willing]) == ["willing"]
    assert gone(pids)
    assert not (tmp_path / "stack.json").exists()
    assert systems.down(tmp_path, [willing]) == []


def test_what_was_killed_or_does_not_answer_is_ended_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    willing = system("willing", tmp_path)
    systems.up(tmp_path, [willing])
    try:
        before = children(tmp_path)
        main = systems.members(willing, tmp_path)[1]
        main.kill()
        assert gone([main.pid])
        assert systems.running_url(willing, tmp_path) is None
        assert systems.up(tmp_path, [willing]) == ["willing"]
        assert gone(before, within_s=0)
        monkeypatch.setattr(systems, "ANSWER_WITHIN_S", 0.1)
        before = children(tmp_path)
        assert systems.up(tmp_path, [replace(willing, probe="/posts")]) == ["willing"]  # nothing listens there
        assert gone(before, within_s=0)
    finally:
        systems.down(tmp_path, [willing])


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        willing.state(tmp_path).write_text(f'{{"url": "http://127.0.0.1:1", "pid": {other.pid}}}')
        willing.lock(tmp_path).parent.mkdir()
        willing.lock(tmp_path).write_text(str(other.pid))
        assert systems.running_url(willing, tmp_path) is None
        assert systems.down(tmp_path, [willing]) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_system_that_does_not_start_says_why_in_one_line_and_the_other_is_ended(tmp_path: Path) -> None:
    both = [system("willing", tmp_path), system("failing", tmp_path)]
    with pytest.raises(SystemFailed) as failure:
        systems.up(tmp_path, both)
    log = both[1].log(tmp_path)
    assert str(failure.value) == f"failing did not start: failing: the port is haunted (log: {log})"
    assert (tmp_path / "children").exists() is False or gone(children(tmp_path))
    assert not (tmp_path / "stack.json").exists()


@pytest.mark.parametrize(
    "kind",
    [
        signal.SIGKILL,
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.deep),
        pytest.param(signal.SIGHUP, marks=pytest.mark.deep),
    ],
)
def test_an_interrupted_or_killed_run_leaves_no_process(tmp_path: Path, kind: signal.Signals) -> None:
    willing = system("willing", tmp_path)
    with python(HOLDER, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        pids = [each.pid for each in systems.members(willing, tmp_path)]
        with pytest.raises(SystemFailed, match=f"willing runs already in .*, for process {holder.pid}"):
            systems.up(tmp_path, [willing])
        holder.send_signal(kind)
        assert holder.wait(30) == (-kind if kind is signal.SIGKILL else 0)
    assert systems.up(tmp_path, [willing]) == ["willing"]  # at once, while the supervisor still ends what was killed
    assert gone(pids, within_s=0)
    systems.down(tmp_path, [willing])


def test_a_killed_supervisor_ends_its_system(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    with systems.running(tmp_path, [willing]):
        supervisor, main, *_ = systems.members(willing, tmp_path)
        supervisor.kill()
        assert gone([main.pid])
    for pid in children(tmp_path):
        psutil.Process(pid).kill()  # orphans, as this system does not end its own children


def test_a_new_run_removes_the_folders_of_ended_runs_except_the_last(tmp_path: Path) -> None:
    old = [tmp_path / f"compare-20260101-00000{number}" for number in range(3)]
    for age, folder in enumerate(reversed(old)):
        (folder / "monolith").mkdir(parents=True)
        os.utime(folder, (age, age))
    (tmp_path / "microservices").mkdir()
    with processes.locked(old[1] / "monolith" / "supervisor"):
        first, second = (files.run_directory("compare", tmp_path) for _ in range(2))
    assert first != second
    left = {folder for folder in tmp_path.iterdir() if folder.is_dir()}
    assert left == {first, second, old[0], old[1], tmp_path / "microservices"}


def test_two_runs_of_one_second_have_reports_of_their_own(tmp_path: Path) -> None:
    assert len({files.destination(Namespace(results=tmp_path)) for _ in range(3)}) == 3
