"""A generator of several processes offers what one would, and stays right when it loses one."""

import subprocess
import sys
import threading
from socket import create_server

import psutil
import pytest

from loadtests.__main__ import main
from loadtests.histograms import decoded
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadFailed, LoadProcess
from loadtests.processes import ROOT
from loadtests.shapes import shaped
from tests.loadtests.planted import serving

WORKERS = 3


def workers_of(generator: LoadProcess) -> list[psutil.Process]:
    return psutil.Process(generator._process.pid).children()


def plan(url: str, **changed: object) -> LoadPlan:
    shape = shaped("ramp", rate=80.0, seconds=2.0)
    known = {"rate": 80.0, "duration_s": 2.0, "warm_up_s": 0.0, "seed": "test", "path": "/", "shape": shape}
    return LoadPlan(base_url=url, **(known | changed))  # type: ignore[arg-type]


def consistent(block: BlockResult) -> bool:
    """Say whether all that was offered ended once, in every view of the block."""
    ends = block.succeeded + block.refused + block.errors + block.dropped
    timed = decoded(block.latencies).get_total_count()
    return (
        block.offered == block.arrivals == ends == sum(one.arrivals for one in block.workers)
        and block.offered == sum(second.offered for second in block.seconds)
        and timed == block.succeeded == sum(second.count for second in block.seconds)
    )


def test_three_workers_offer_the_shape_and_the_loss_of_one_is_said_and_counted_once() -> None:
    with serving(lambda number: (200, {})) as server, LoadProcess(WORKERS) as generator:
        one = plan(server.url)
        due = len(list(one.arrivals()))
        whole = generator.run(one)
        assert (whole.offered, whole.lost_workers) == (due, [])
        assert consistent(whole)
        assert sorted(worker.arrivals for worker in whole.workers) == [due // WORKERS] * 2 + [
            due // WORKERS + due % WORKERS
        ]

        victim = workers_of(generator)[1]
        before = next(server.numbers)
        threading.Timer(1.2, victim.kill).start()
        broken = generator.run(one)
        (lost,) = broken.lost_workers
        assert consistent(broken)
        assert broken.offered + lost.arrivals == due
        assert 0 < lost.arrivals < due / WORKERS
        assert 0 < lost.at_s < 1.5
        assert broken.offered <= next(server.numbers) - before - 1 <= due

        after = generator.run(one)
        assert (after.offered, after.lost_workers, len(after.workers)) == (due, [], WORKERS - 1)
        assert consistent(after)
        left = workers_of(generator)
    psutil.wait_procs(left, timeout=10)
    assert not any(process.is_running() for process in left)


def test_workers_come_from_elsewhere_by_either_command() -> None:
    with create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    commands = [
        ["loadtests", "worker", "--master", f"127.0.0.1:{port}"],
        ["locust", "-f", "loadtests/locustfile.py", "--worker", "--master-host", "127.0.0.1", "--master-port", port],
    ]
    with serving(lambda number: (200, {})) as server, LoadProcess(2, f"127.0.0.1:{port}") as generator:
        come = [subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT) for words in commands]
        block = generator.run(plan(server.url))
    assert [worker.arrivals for worker in block.workers] == [50, 50]
    assert consistent(block)
    assert all(process.wait(timeout=20) == 0 for process in come)


def test_without_any_worker_left_the_generator_says_that_it_failed() -> None:
    with LoadProcess(1) as generator, serving(lambda number: (200, {})) as server:
        assert generator.run(plan(server.url)).succeeded == 100
        workers_of(generator)[0].kill()
        with pytest.raises(LoadFailed):
            generator.run(plan(server.url))


def test_a_run_that_is_interrupted_leaves_no_worker() -> None:
    left: list[psutil.Process] = []
    with (
        pytest.raises(KeyboardInterrupt),
        serving(lambda number: (200, {})) as server,
        LoadProcess(2) as generator,
    ):
        generator.run(plan(server.url, rate=10.0, shape=(), duration_s=0.1))
        left = workers_of(generator)
        raise KeyboardInterrupt
    assert len(left) == 2
    assert not psutil.wait_procs(left, timeout=10)[1]


def test_a_master_that_no_name_leads_to_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["worker", "--master", "nowhere.invalid"])
    assert ended.value.code == 3
    assert "argument --master: nowhere.invalid: " in capsys.readouterr().err
