"""OpenLoad starts requests at their due times, sends each once, and reports each to Locust's events and statistics."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from socket import create_server, socket

import psutil
import pytest

from loadtests.data.world import Account, World
from loadtests.histograms import decode, percentile_ms
from loadtests.load import LIVE, VOID_ABOVE_CPU, LoadPlan, void_reasons
from loadtests.load_process import LoadFailed, LoadProcess
from loadtests.processes import ROOT
from tests.loadtests.planted import offered, serving, stalling

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def closed_port() -> str:
    """A base URL at which nothing listens."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_stall_of_two_seconds_is_in_the_95th_percentile(generator: LoadProcess) -> None:
    # 50 a second for 8 s, and one stall of 2 s: the 100 requests of that time wait 2.00, 1.98 … 0.02 s, so the twentieth
    # longest of 400, which is the 95th percentile, waits 1.62 s.
    with serving(stalling(at=100, seconds=2.0)) as server:
        block = offered(generator, server.url, duration_s=8.0)
    assert block.offered == block.succeeded == 400
    assert percentile_ms(decode(block.latencies), 95) == pytest.approx(1_620, rel=0.1)
    assert percentile_ms(decode(block.latencies), 99.9) >= 1_950


def test_every_request_passes_through_locusts_events_and_statistics(tmp_path: Path) -> None:
    # The same process as LoadProcess starts, with a listener of its own on events.request.
    listener = f"""
import json, runpy, sys
from locust.env import Environment
import loadtests.open_load as open_load
seen, statistics, attach = [], [], open_load.attach
def attached(environment):
    environment.events.request.add_listener(lambda name, response_time, **_: seen.append((name, response_time)))
    statistics.append(environment)
    return attach(environment)
open_load.attach = attached
sys.argv = ["block_runner"]
try:
    runpy.run_module("loadtests.block_runner", run_name="__main__")
finally:
    total = statistics[0].stats.total
    with open({str(tmp_path / "seen.json")!r}, "w") as file:
        json.dump([seen, total.num_requests, total.num_failures, total.max_response_time], file)
"""
    cycle = [(200, {}), (500, {}), (200, {}), (429, {})]
    with serving(lambda number: cycle[number % 4]) as server:
        plan = LoadPlan(base_url=server.url, rate=40, duration_s=1, warm_up_s=0, seed="", path="/")
        process = LoadProcess()
        with subprocess.Popen(
            [sys.executable, "-c", listener], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process._process:
            block = process.run(plan)
            process._process.communicate()
    seen, requests, failures, longest_ms = json.loads((tmp_path / "seen.json").read_text())
    assert len(seen) == requests == block.offered == 40
    assert {name for name, _ in seen} == {"GET /"}
    assert failures == block.errors + block.refused == 20
    assert longest_ms == max(time for _, time in seen)


def test_arrivals_beyond_the_limit_are_dropped_and_counted(generator: LoadProcess) -> None:
    with serving(stalling(at=1, seconds=1.0)) as server:
        block = offered(generator, server.url, duration_s=1.5, max_in_flight=5)
    assert block.dropped >= 20
    assert block.offered == 75 == block.succeeded + block.dropped


def test_a_success_after_the_timeout_is_an_error_and_its_time_counts(generator: LoadProcess) -> None:
    with serving(stalling(at=1, seconds=0.6)) as server:
        block = offered(generator, server.url, duration_s=0.2, timeout_ms=300)
    assert block.succeeded == 0
    assert block.errors == block.offered == 10
    assert percentile_ms(decode(block.latencies), 50) >= 300


def test_a_server_that_never_answers_gets_each_request_once_and_counts_as_slow(generator: LoadProcess) -> None:
    received, over = [], threading.Event()

    def hang(number: int) -> tuple[int, object]:
        received.append(number)
        over.wait()
        return 200, {}

    with serving(hang) as server:
        block = offered(generator, server.url, duration_s=0.2, warm_up_s=0.2, timeout_ms=500)
        over.set()
    assert len(received) == 20
    assert (block.offered, block.errors, block.succeeded) == (10, 10, 0)
    assert block.reasons == {"GET /: timeout": 10}
    assert percentile_ms(decode(block.latencies), 50) >= 500


def test_a_stall_in_the_warm_up_does_not_count(generator: LoadProcess) -> None:
    with serving(stalling(at=1, seconds=0.3)) as server:
        block = offered(generator, server.url, duration_s=0.5, warm_up_s=1.0)
    assert block.offered == 25
    assert 0 < percentile_ms(decode(block.latencies), 100) < 200


def test_a_refused_connection_is_an_error(closed_port: str, generator: LoadProcess) -> None:
    block = offered(generator, closed_port, duration_s=0.2)
    assert block.errors == block.offered == 10
    assert list(block.reasons) == ["GET /: no connection"]


def test_refusals_errors_and_successes_count_apart(generator: LoadProcess) -> None:
    cycle = [(200, {}), (429, {}), (503, {}), (404, {}), (500, {})]
    with serving(lambda number: cycle[number % 5]) as server:
        block = offered(generator, server.url, duration_s=1.0)
    assert (block.succeeded, block.refused, block.errors) == (10, 30, 10)
    assert decode(block.latencies).get_total_count() == 10  # quick refusals and errors must not flatter a system


def test_one_arrival_does_not_make_the_generator_busy(generator: LoadProcess) -> None:
    with serving(lambda number: (200, {})) as server:
        block = offered(generator, server.url, rate=1.0, duration_s=0.5)
    assert (block.offered, block.succeeded) == (1, 1)
    assert 0 < block.cpu < VOID_ABOVE_CPU
    assert list(void_reasons([block])) == []


def test_a_plan_that_cannot_be_offered_fails_in_one_line(closed_port: str, generator: LoadProcess) -> None:
    world = World((Account("ada", "token"), Account("bob", "token")), ())
    plan = LoadPlan(
        base_url=closed_port, rate=1, duration_s=1, warm_up_s=0, seed="", scenario=LIVE, world=world, live_url="ws://127.0.0.1:1"
    )  # fmt: skip
    with pytest.raises(LoadFailed, match=r"^POST /posts at .*Connection refused"):
        generator.run(plan)


@contextmanager
def answering(*parts: bytes, close: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Answer each request with these parts while the block lasts, and close the connection or keep it.

    Yield the base URL and the requests so far; a new connection is an empty one.
    """
    received: list[bytes] = []

    def serve(connection: socket) -> None:
        received.append(b"")
        with connection:
            while request := connection.recv(65_536):
                received.append(request)
                for part in parts:
                    connection.sendall(part)
                if close:
                    return

    def accept() -> None:
        while True:
            try:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                return

    with create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received


def test_one_connection_serves_requests_that_do_not_overlap(generator: LoadProcess) -> None:
    with answering(OK) as (url, received):
        block = offered(generator, url, rate=8.0, duration_s=0.6, path="/search?q=a+b%20c")
    assert block.succeeded == 5
    assert received.count(b"") == 1
    assert {request.partition(b"\r\n")[0] for request in received[1:]} == {b"GET /search?q=a+b%20c HTTP/1.1"}


def test_a_request_without_an_answer_is_not_sent_again(generator: LoadProcess) -> None:
    with answering(close=True) as (url, received):
        block = offered(generator, url, rate=8.0, duration_s=0.6)
    assert (block.succeeded, block.errors, list(block.reasons)) == (0, 5, ["GET /: no connection"])
    assert len([request for request in received if request]) == 5


@pytest.mark.parametrize("answer", [OK[:-1], b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_an_answer_that_breaks_off_is_an_error(answer: bytes, generator: LoadProcess) -> None:
    with answering(answer, close=True) as (url, _):
        block = offered(generator, url, rate=8.0, duration_s=0.6)
    assert (block.succeeded, block.errors) == (0, 5)


@pytest.mark.deep
@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"),
        (OK[:10], OK[10:30], OK[30:]),
    ],
)
def test_an_answer_in_pieces_is_read_whole(parts: Sequence[bytes], generator: LoadProcess) -> None:
    with answering(*parts) as (url, received):
        block = offered(generator, url, rate=8.0, duration_s=0.6)
    assert block.succeeded == 5
    assert received.count(b"") == 1


class Interrupt(Exception):
    """Raised in place of KeyboardInterrupt, which would end pytest."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise Interrupt in the block after a time, as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_interrupted_block_leaves_no_process() -> None:
    with serving(lambda number: (200, {})) as server, pytest.raises(Interrupt), LoadProcess() as generator:
        plan = LoadPlan(base_url=server.url, rate=50, duration_s=0.1, warm_up_s=0, seed="", path="/")
        generator.run(plan)  # so that the next block starts at once
        process = psutil.Process(generator._process.pid)
        with interrupted_after(1.0):
            generator.run(replace(plan, duration_s=30.0))
    assert not psutil.wait_procs([process], timeout=10)[1]
