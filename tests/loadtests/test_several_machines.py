"""Master and workers as the template starts them: the results are merged, and workers that all fail are reported."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from loadtests.arguments import RATE
from loadtests.load import PER_CORE
from loadtests.processes import ROOT
from microservices.deploy.templates import parse
from tests.loadtests.test_locust import LOCUST, OWN, arrivals, free_port, read_until

TEMPLATE = parse(ROOT / "loadtests" / "template.yaml")
WORKERS = 130
NO_REQUEST = 1


def command(task: str, **values: str) -> list[str]:
    """Return the command of a task of the template. values: of its parameters, and of the intrinsic functions by name."""
    (container,) = TEMPLATE["Resources"][task]["Properties"]["ContainerDefinitions"]
    return [each if isinstance(each, str) else values[_name(each)] for each in container["Command"]]


def _name(function: dict[str, Any]) -> str:
    ((kind, argument),) = function.items()
    return str(argument) if kind == "Ref" else kind.removeprefix("Fn::")


@contextmanager
def master(*words: str, file: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    files = f"{LOCUST[-1]},{file}" if file else LOCUST[-1]
    own = [*LOCUST[:-1], files, *words, "--master-bind-host", "127.0.0.1", "--only-summary"]
    with subprocess.Popen(own, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    """A locustfile with a user class that needs no system."""
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


class FakeWorkers:
    """Connections that look like workers to a master, without the processes."""

    def __init__(self, number: int, port: str, stack: ExitStack) -> None:
        context = stack.enter_context(zmq.Context())
        self.sockets = []
        for index in range(number):
            socket = context.socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.IDENTITY, f"machine-{index}_{index:032x}".encode())
            socket.connect(f"tcp://127.0.0.1:{port}")
            self.sockets.append(socket)

    def connect(self) -> None:
        """Report every worker as ready."""
        for socket in self.sockets:
            node = socket.getsockopt(zmq.IDENTITY).decode()
            socket.send(msgpack.dumps(("client_ready", version("locust"), node)))

    def fail(self) -> None:
        """End all at once, without a last report."""
        for socket in self.sockets:
            socket.close()


def test_every_rate_of_the_template_has_a_worker_for_each_500_requests_a_second() -> None:
    sizes = {int(rate): int(size["Workers"]) for rate, size in TEMPLATE["Mappings"]["Sizes"].items()}
    assert [str(rate) for rate in sizes] == TEMPLATE["Parameters"]["Rate"]["AllowedValues"]
    assert sizes == {rate: ceil(rate / PER_CORE) for rate in sizes}
    assert max(sizes) == RATE("10000")


def test_130_workers_that_all_fail_are_reported_instead_of_no_load(idle: Path) -> None:
    port = free_port()
    words = ["--headless", "--host", "http://127.0.0.1:1", "--run-time", "60", "-u", str(WORKERS), "Idle"]
    with (
        ExitStack() as stack,
        master(*words, "--master", "--expect-workers", str(WORKERS), "--master-bind-port", port, file=idle) as process,
    ):
        assert process.stderr is not None
        log = read_until("Starting Locust", process.stderr)
        workers = FakeWorkers(WORKERS, port, stack)
        workers.connect()
        log += read_until(f"{WORKERS} workers connected", process.stderr)
        workers.fail()
        log += process.stderr.read()
    assert process.returncode == NO_REQUEST, log
    assert f"no request was sent: {WORKERS} of {WORKERS} workers were lost" in log


@pytest.mark.deep
def test_130_workers_of_which_none_connects_are_reported_in_time() -> None:
    words = ["--headless", "--host", "http://127.0.0.1:1", "--master", "--master-bind-port", free_port()]
    with master(*words, "--expect-workers", str(WORKERS), "--expect-workers-max-wait", "1") as process:
        assert process.stderr is not None
        log = process.stderr.read()
    assert process.returncode == NO_REQUEST, log
    assert f"no load: 0 of {WORKERS} expected workers connected" in log


@pytest.mark.live
def test_the_commands_of_the_template_merge_the_results_of_three_workers(monolith: str) -> None:
    port = free_port()
    values = {"Url": monolith, "Rate": "30", "RunTime": "4", "Mix": "browse", "Shape": "steady", "FindInMap": "3"}
    on_loopback = ["--master-bind-port", port, "--web-host", "127.0.0.1", "--web-port", free_port(), "--autoquit", "6"]
    worker = [*LOCUST, *command("WorkerTask", Sub="127.0.0.1"), "--master-port", port]
    with ExitStack() as stack, master(*command("MasterTask", **values), *on_loopback) as process:
        for _ in range(3):
            started = stack.enter_context(subprocess.Popen(worker, cwd=ROOT, stderr=subprocess.DEVNULL))
            stack.callback(started.kill)
        assert process.stderr is not None
        log = process.stderr.read()
    assert arrivals(log) == 120
    assert "generator: 3 workers; 30 requests a second need about 1, one core for 500" in log
    assert re.search(r"its limit is about [\d,]+ requests a second", log)
    assert "lost:" not in log
