"""A load process with Locust workers offers what one process would, and stays correct when it loses one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import psutil
import pytest

from loadtests.histograms import decode
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadFailed, LoadProcess
from loadtests.shapes import shape_of
from tests.loadtests.planted import serving

WORKERS = 3


def workers_of(generator: LoadProcess) -> list[psutil.Process]:
    return psutil.Process(generator._process.pid).children()


def plan(url: str, **changed: object) -> LoadPlan:
    shape = shape_of("ramp", rate=80.0, seconds=2.0)
    known = {"rate": 80.0, "duration_s": 2.0, "warm_up_s": 0.0, "seed": "test", "path": "/", "shape": shape}
    return LoadPlan(base_url=url, **(known | changed))  # type: ignore[arg-type]


def consistent(block: BlockResult) -> bool:
    """Return whether every offered arrival ended once, in every part of the result."""
    ends = block.succeeded + block.refused + block.errors + block.dropped
    timed = decode(block.latencies).get_total_count()
    return (
        block.offered == block.arrivals == ends == sum(one.arrivals for one in block.workers)
        and block.offered == sum(second.offered for second in block.seconds)
        and timed == block.succeeded == sum(second.count for second in block.seconds)
    )


def test_three_workers_offer_a_shape_and_the_loss_of_one_is_reported_once() -> None:
    received: list[int] = []

    def behave(number: int) -> tuple[int, object]:
        received.append(number)
        return 200, {}

    def kill_in_the_middle(victim: psutil.Process, after: int) -> None:
        while len(received) < after:
            sleep(0.01)
        victim.kill()

    with serving(behave) as server, LoadProcess(WORKERS) as generator:
        one = plan(server.url, shape=shape_of("ramp", rate=80.0, seconds=4.0), duration_s=4.0)
        due = one.due()
        whole = generator.run(one)
        assert (whole.offered, whole.lost_workers) == (due, [])
        assert consistent(whole)
        assert sorted(worker.arrivals for worker in whole.workers) == [66, 67, 67]

        before = len(received)
        threading.Thread(target=kill_in_the_middle, args=(workers_of(generator)[1], before + due // 2)).start()
        broken = generator.run(one)
        (lost,) = broken.lost_workers
        assert consistent(broken)
        assert broken.offered + lost.arrivals == due
        assert 0 < lost.arrivals < due // WORKERS
        assert 0 < lost.at_s < 4
        assert broken.offered <= len(received) - before <= due

        after = generator.run(one)
        assert (after.offered, after.lost_workers, len(after.workers)) == (due, [], WORKERS - 1)
        assert consistent(after)
        left = workers_of(generator)
    psutil.wait_procs(left, timeout=10)
    assert not any(process.is_running() for process in left)


def test_a_load_process_without_a_worker_left_fails() -> None:
    with LoadProcess(1) as generator, serving(lambda number: (200, {})) as server:
        assert generator.run(plan(server.url)).succeeded == 100
        workers_of(generator)[0].kill()
        with pytest.raises(LoadFailed, match="no load worker is left"):
            generator.run(plan(server.url))


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


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.deep)])
def test_an_interrupted_block_leaves_no_process(workers: int) -> None:
    processes: list[psutil.Process] = []
    with serving(lambda number: (200, {})) as server, pytest.raises(Interrupt), LoadProcess(workers) as generator:
        generator.run(plan(server.url, shape=(), duration_s=0.1))  # so that the next block starts at once
        processes += [psutil.Process(generator._process.pid), *workers_of(generator)]
        with interrupted_after(2.0):
            generator.run(plan(server.url, shape=(), rate=50.0, duration_s=30.0))
    assert len(processes) == 1 + workers
    assert not psutil.wait_procs(processes, timeout=10)[1]
