"""The local system starts completely or reports why not, and never leaves a process running."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from microservices.deploy.emulator import CannotStart, emulator, free_port, local_client
from tests.hostile_environment import FOLDER, variables

pytestmark = pytest.mark.live

PROJECT = Path(__file__).parents[2]
PORT = 4950
START_S = 90.0
STOP_S = 20.0


def test_the_system_prints_its_url_and_a_signal_ends_all_its_processes(tmp_path: Path) -> None:
    """Also in a folder with any name, and in an environment with variables that are not for it."""
    run_dir = tmp_path / FOLDER
    with _system(run_dir) as process:
        state = json.loads(_wait_for_state(run_dir, process).read_text())
        assert httpx.get(f"{state['url']}/health", timeout=20).json() == {"status": "ok"}
        assert state["pid"] == process.pid
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 1  # the local AWS and a function's worker

        second = subprocess.run(_command(run_dir), check=False, capture_output=True, text=True, cwd=PROJECT)
        assert (second.returncode, second.stdout, second.stderr.count("\n")) == (1, "", 1)
        assert "already running" in second.stderr

        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
        assert _becomes_true(lambda: not any(_is_alive(each) for each in family))
        assert not (run_dir / "microservices.json").exists()


def test_the_local_aws_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    start = (
        "import signal, sys; from pathlib import Path; from microservices.deploy.emulator import emulator, free_port\n"
        f"with emulator(Path({str(tmp_path)!r}), free_port({PORT})) as running:\n"
        "    print(running.process.pid, running.endpoint, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        assert parent.stdout is not None
        pid, endpoint = parent.stdout.readline().split()
        emulating = psutil.Process(int(pid))
        assert httpx.get(f"{endpoint}/_ministack/health").json()["auth"] == "enabled"
        parent.kill()
    assert _becomes_true(lambda: not _is_alive(emulating))


def test_a_port_in_use_is_skipped() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_a_local_aws_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotStart, match=r"ended with status 1 \(log: .*local-aws\.log\)"):
            emulator(tmp_path, taken.getsockname()[1]).__enter__()


def test_a_port_that_another_local_aws_takes_first_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("microservices.deploy.emulator.free_port", lambda first: max(first, port))
        with emulator(tmp_path, port, or_next=True) as running:
            assert int(running.endpoint.rpartition(":")[2]) > port  # the next one, unless another process uses that


def test_two_local_aws_run_at_the_same_time(tmp_path: Path) -> None:
    with emulator(tmp_path / "a", PORT, or_next=True) as one, emulator(tmp_path / "b", PORT, or_next=True) as other:
        one.client("sqs").create_queue(QueueName="only-here")
        assert not other.client("sqs").list_queues().get("QueueUrls")


def test_aws_settings_and_proxies_of_the_user_do_not_affect_the_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(port=1).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "of-the-user")
    with emulator(tmp_path, PORT, or_next=True) as running:
        identity = running.client("sts").get_caller_identity()
        assert local_client("s3", running.endpoint).list_buckets()["Buckets"] == []
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"


@contextmanager
def _system(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | variables(port=1)
    process = subprocess.Popen(_command(run_dir), text=True, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_S)


def _command(run_dir: Path) -> list[str]:
    return [sys.executable, "-m", "microservices", "--run-dir", os.fspath(run_dir), "--port", str(PORT)]


def _wait_for_state(run_dir: Path, process: subprocess.Popen[str]) -> Path:
    state = run_dir / "microservices.json"
    assert _becomes_true(lambda: state.exists() or process.poll() is not None, START_S)
    assert process.poll() is None
    return state


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)  # ended, but its parent has not collected it yet
    except psutil.NoSuchProcess:
        return False


def _becomes_true(condition: Callable[[], bool], seconds: float = STOP_S) -> bool:
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result
