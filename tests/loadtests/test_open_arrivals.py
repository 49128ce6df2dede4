"""Requests start at their times, whatever the answers do."""

import socket
import threading

import pytest

from loadtests.data.world import Account, World
from loadtests.histograms import decoded, percentile_ms
from loadtests.load import LIVE, VOID_ABOVE_CPU, LoadPlan
from loadtests.load_process import LoadFailed, LoadProcess
from tests.loadtests.planted import offered, serving, stalling


@pytest.fixture
def nobody() -> str:
    """A base URL at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_stall_shows_in_the_percentile_that_open_arrivals_give() -> None:
    # 50 a second for 4 s, and one stall of 1 s: the 50 requests of that second wait 1.00, 0.98 … 0.02 s, so the
    # tenth longest of 200, which is the 95th percentile, waits 0.82 s. A slow machine can only add to that.
    with serving(stalling(at=60, seconds=1.0)) as server:
        block = offered(server.url)
    assert block.offered == block.succeeded == 200
    assert percentile_ms(decoded(block.latencies), 95) >= 800
    assert percentile_ms(decoded(block.latencies), 99.9) >= 1000


def test_arrivals_beyond_the_bound_are_dropped_and_counted() -> None:
    with serving(stalling(at=1, seconds=1.0)) as server:
        block = offered(server.url, duration_s=1.5, max_in_flight=5)
    assert block.dropped >= 20
    assert block.offered == 75 == block.succeeded + block.dropped


def test_an_answer_after_the_callers_patience_is_an_error_and_its_time_counts() -> None:
    with serving(stalling(at=1, seconds=0.6)) as server:
        block = offered(server.url, duration_s=0.2, timeout_ms=300)
    assert block.succeeded == 0
    assert block.errors == block.offered == 10
    assert percentile_ms(decoded(block.latencies), 50) >= 300


def test_a_server_that_never_answers_is_asked_once_and_is_as_slow_as_anybody_waits() -> None:
    asked, over = [], threading.Event()

    def hang(number: int) -> tuple[int, object]:
        asked.append(number)
        over.wait()
        return 200, {}

    with serving(hang) as server:
        block = offered(server.url, duration_s=0.2, warm_up_s=0.2, timeout_ms=500)
        over.set()
    assert len(asked) == 20
    assert (block.offered, block.errors, block.succeeded) == (10, 10, 0)
    assert decoded(block.latencies).get_total_count() == 10
    assert percentile_ms(decoded(block.latencies), 50) >= 500


def test_warm_up_counts_apart() -> None:
    with serving(stalling(at=1, seconds=0.3)) as server:
        block = offered(server.url, duration_s=0.5, warm_up_s=1.0)
    assert block.offered == 25
    assert block.warm_up_p95_ms >= 200


def test_nobody_listening_is_an_error(nobody: str) -> None:
    block = offered(nobody, duration_s=0.2)
    assert block.errors == block.offered == 10
    assert list(block.reasons) == ["GET /: no connection"]


def test_refusals_errors_and_right_answers_are_counted_apart() -> None:
    cycle = [(200, {}), (429, {}), (503, {}), (404, {}), (500, {})]
    with serving(lambda number: cycle[number % 5]) as server:
        block = offered(server.url, duration_s=1.0)
    assert (block.succeeded, block.refused, block.errors) == (10, 30, 10)
    assert decoded(block.latencies).get_total_count() == 10  # quick refusals and failures flatter nobody


def test_the_generator_reports_its_own_share_of_a_core() -> None:
    with serving(lambda number: (200, {})) as server:
        block = offered(server.url, duration_s=0.5)
    assert block.cpu > 0
    assert block.void == (block.cpu > 0.85)


def test_one_arrival_that_is_due_at_once_does_not_make_the_generator_busy() -> None:
    with serving(lambda number: (200, {})) as server:
        block = offered(server.url, rate=1.0, duration_s=0.5)
    assert (block.offered, block.succeeded) == (1, 1)
    assert block.cpu < VOID_ABOVE_CPU


def test_a_generator_that_cannot_offer_a_load_says_why_in_one_line(nobody: str) -> None:
    world = World((Account("ada", "token"), Account("bob", "token")), ())
    plan = LoadPlan(
        base_url=nobody,
        rate=1,
        duration_s=1,
        warm_up_s=0,
        seed="",
        scenario=LIVE,
        world=world,
        live_url="ws://127.0.0.1:1",
    )
    with LoadProcess() as generator, pytest.raises(LoadFailed, match=r"^POST /posts: no connection"):
        generator.run(plan)
