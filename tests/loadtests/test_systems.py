"""Start and end of background systems, on small programs."""

import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from loadtests import processes, systems
from loadtests.systems import System, SystemFailed

# Writes its state file as a system does, starts a child and a detached process, and waits for SIGTERM.
WILLING = """
import json, os, pathlib, signal, subprocess, sys
run_dir = pathlib.Path(sys.argv[sys.argv.index("--run-dir") + 1])
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
children = [subprocess.Popen(sleeper).pid, subprocess.Popen(sleeper, start_new_session=True).pid]
(run_dir / "children").write_text(" ".join(map(str, children)))
(run_dir / "willing.json").write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": os.getpid()}))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.pause()
"""
FAILING = "import sys; print('some noise'); sys.exit('failing: the port is haunted')"
HOLDER = """
import pathlib, sys, time
from loadtests import processes, systems
from tests.loadtests.test_systems import system
processes.raise_interrupts()
run_dir = pathlib.Path(sys.argv[1])
try:
    with systems.running(run_dir, [system("willing", run_dir)]):
        print("up", flush=True)
        time.sleep(60)
except processes.Interrupted:
    sys.exit(0)
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


def test_a_second_up_starts_nothing_and_down_ends_all(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    try:
        urls, started = systems.up(tmp_path, [willing])
        assert (urls, started) == ({"willing": "http://127.0.0.1:1"}, ["willing"])
        pids = children(tmp_path)
        assert systems.up(tmp_path, [willing]) == (urls, [])
        assert children(tmp_path) == pids
        assert (tmp_path / "stack.json").read_text() == '{"willing": "http://127.0.0.1:1"}\n'
    finally:
        assert systems.down(tmp_path, [willing]) == ["willing"]
    assert gone(pids)
    assert not (tmp_path / "stack.json").exists()
    assert systems.down(tmp_path, [willing]) == []


def test_a_system_that_was_killed_is_started_again(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    with systems.running(tmp_path, [willing]):
        killed = int(willing.pid_file(tmp_path).read_text())
        psutil.Process(killed).kill()
        assert gone([killed])
        assert systems.running_url(willing, tmp_path) is None
        assert systems.up(tmp_path, [willing])[1] == ["willing"]
        assert int(willing.pid_file(tmp_path).read_text()) != killed


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(tmp_path: Path) -> None:
    willing = system("willing", tmp_path)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        willing.state(tmp_path).write_text(f'{{"url": "http://127.0.0.1:1", "pid": {other.pid}}}')
        assert systems.running_url(willing, tmp_path) is None
        systems.down(tmp_path, [willing])
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
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.deep),
        pytest.param(signal.SIGHUP, marks=pytest.mark.deep),
    ],
)
def test_an_interrupted_run_leaves_no_process(tmp_path: Path, kind: signal.Signals) -> None:
    system("willing", tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=processes.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == "up\n"
        holder.send_signal(kind)
        assert holder.wait(30) == 0
    assert gone(children(tmp_path))
