"""The capacity of planted servers over loopback, the saturated resource, and searches that end early."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import psutil
import pytest

from loadtests import processes, report
from loadtests.capacity import CapacityResults, alternate, fail_if_ended, figures
from loadtests.capacity.saturation import GENERATOR, Meter, Usage, saturated
from loadtests.capacity.search import Level, Search
from loadtests.histograms import encode, histogram_of
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.systems import SystemFailed
from tests.loadtests.planted import serving
from tests.loadtests.queues import admitting, in_virtual_time

LEVEL = Level(p95_ms=200, errors_percent=1)
RUNS = processes.ROOT / ".run"
SECOND_PROBE = "  browse, monolith, 40.0 a second"
LOCAL_AWS = "http://127.0.0.1:4566/_aws/execute-api/a/$default"


def new_search(url: str) -> Search:
    plan = LoadPlan(base_url=url, rate=1, duration_s=1, warm_up_s=0, seed="planted", path="/", scenario="")
    return Search(plan=plan, level=LEVEL, ceiling=2_000)


def chapter(searches: dict[str, Search]) -> dict[str, Any]:
    urls = {side: one.plan.base_url for side, one in searches.items()}
    return figures(CapacityResults(level=LEVEL, ceiling=2_000, urls=urls, searches={"browse": searches}))


@pytest.mark.slow
@pytest.mark.deep
def test_the_search_finds_the_knee_of_a_server_with_a_fixed_capacity() -> None:
    with serving(admitting(60)) as server, LoadProcess() as generator:
        for _ in range(3):  # a busy machine limits the generator; then the search says so and runs again
            search = new_search(server.url)
            alternate({"monolith": search}, fail_if_ended(generator.run), seconds=90, on_probe=lambda *_: None)
            if not search.at_least:
                break
    knee, low, high = search.knee()
    assert search.next_rate() is None
    assert knee == pytest.approx(60, rel=0.2)
    assert low <= 60 <= (high or 0)


def test_a_server_that_stops_ends_the_search_and_the_measurements_are_kept(tmp_path: Path) -> None:
    search, answers = new_search("http://127.0.0.1:1"), in_virtual_time(1_000, rng=Random(1))
    search.run_next(20, answers)
    with LoadProcess() as generator, pytest.raises(SystemFailed, match="no system answers at"):
        alternate({"monolith": search}, fail_if_ended(generator.run), seconds=60, on_probe=lambda *_: None)
    assert [probe.rate for probe in search.probes] == [20]
    interrupted = {**chapter({"monolith": search}), "complete": False, "ended_by": "no system answers"}
    one = interrupted["scenarios"]["browse"]["monolith"]
    assert (one["knee"], one["bound"], one["ended"]) == (20, "at least", "the search did not end; 20 a second held")
    page = (report.add_chapter(tmp_path / "report", "capacity", interrupted) / "report.html").read_text()
    assert "<b>Incomplete:</b> capacity, no system answers" in page


def test_a_search_without_a_decided_rate_claims_nothing() -> None:
    search = new_search("http://127.0.0.1:1")
    search.run_next(
        20,
        lambda _: BlockResult(arrivals=20, offered=20, errors=20, latencies=encode(histogram_of([]))),
    )
    one = chapter({"monolith": search})["scenarios"]["browse"]["monolith"]
    assert (one["knee"], one["low"], one["high"], one["bound"]) == (0.0, 0.0, None, "at least")
    assert one["ended"] == "the search did not end; no rate was decided"


def test_the_chapter_has_knees_curve_and_the_reason_for_the_end_of_each_search(tmp_path: Path) -> None:
    urls = {"monolith": "http://127.0.0.1:8000", "microservices": LOCAL_AWS}
    offers = {url: in_virtual_time(rate, rng=Random(url)) for url, rate in zip(urls.values(), (300, 100), strict=True)}
    searches = {side: new_search(url) for side, url in urls.items()}
    alternate(searches, lambda plan: offers[plan.base_url](plan), seconds=1e9, on_probe=lambda *_: None)
    written = json.loads(json.dumps(chapter(searches)))
    sides: dict[str, Any] = written["scenarios"]["browse"]
    assert sides["monolith"]["low"] < 300 < sides["monolith"]["high"]
    assert sides["microservices"]["low"] < 100 < sides["microservices"]["high"]
    assert ", over 200 ms" in sides["monolith"]["ended"]
    curve = sides["microservices"]["curve"]
    assert [point["rate"] for point in curve] == sorted({point["rate"] for point in curve})
    assert {point["outcome"] for point in curve} == {"held", "broken"}
    assert "unknown: the system was not started on this machine" in sides["monolith"]["saturated"]
    folder = report.add_chapter(tmp_path / "report", "capacity", written)
    assert (folder / "report.html").read_text().count('class="plot"') == 1


@pytest.mark.parametrize("probes", [7, 1_000])
def test_the_load_generators_limit_is_named_in_a_search_that_did_not_end_too(probes: int) -> None:
    answers = in_virtual_time(1_000, rng=Random(1))

    def offer(plan: LoadPlan) -> BlockResult:
        block = answers(plan)
        block.cpu = plan.rate / 200
        return block

    search = new_search("http://127.0.0.1:8000")
    for _ in range(probes):
        if rate := search.next_rate():
            search.run_next(rate, offer)
    one = chapter({"monolith": search})["scenarios"]["browse"]["monolith"]
    assert (one["bound"], one["high"]) == ("at least", None)
    assert "the load generator took" in one["ended"]
    assert "the limit is the load generator's" in one["ended"]
    assert {point["outcome"] for point in one["curve"]} == {"held", "void"}
    assert one["ended"].startswith("the search did not end; ") is (probes == 7)


QUIET = Usage(
    machine=0.5,
    cores=0.8,
    busiest={"gunicorn workers": 0.35, "PostgreSQL": 0.1},
)


def usage(**changed: Any) -> Usage:
    return replace(QUIET, **changed)


def sentence(*usages: Usage, refused: int = 0) -> str:
    block = BlockResult(offered=100, reasons={"GET /posts: status 429": refused, "GET /posts: status 404": 3})
    return saturated([block], usages, rate=300, limit=8)


def test_without_saturation_the_highest_uses_are_named() -> None:
    assert sentence(QUIET) == (
        "No processor was saturated at 300 a second: machine 50 % busy, busiest process 0.35 of a core (gunicorn workers). "
        "Requests waited for something else, such as a lock or a connection."
    )


@pytest.mark.parametrize(
    ("used", "more", "expected"),
    [
        (usage(machine=0.97), {}, "the machine, 97 % of its cores in use."),
        (usage(busiest={"local AWS's gateway": 0.96}), {}, "one process of the local AWS's gateway, at 0.96 of the one core"),
        (QUIET, {"refused": 5}, "the concurrency limit (8), which refused 5.0 % of the requests"),
    ],
)  # fmt: skip
def test_a_saturated_resource_is_named_with_its_figures(used: Usage, more: dict[str, Any], expected: str) -> None:
    words = sentence(used, **more)
    assert words.startswith("Saturated at 300 a second: ")
    assert expected in words


def test_the_figures_of_several_probes_are_averaged() -> None:
    used = [Usage(machine=share, cores=2, busiest={"PostgreSQL": share}) for share in (0.8, 1.04)]
    assert "the machine, 92 % of its cores in use; one process of the PostgreSQL, at 0.92" in sentence(*used)


def test_a_busy_process_is_measured_in_its_group() -> None:
    meter = Meter([])
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        before = meter.sample()
        sleep(0.6)  # the measured time itself
        usage = before.usage(meter.sample())
        busy.kill()
    assert 0.02 < usage.busiest[GENERATOR] <= usage.cores + 0.01
    assert 0 < usage.machine <= 1


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on the monolith after its second probe. Its logs are removed at the end."""
    before = set(RUNS.glob("capacity-*"))
    command = f"capacity --side monolith --results {tmp_path}".split()
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtests", *command], cwd=processes.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    if not any(line.startswith(SECOND_PROBE) for line in process.stdout):
        raise AssertionError(process.communicate()[1])
    yield process
    if process.poll() is None:
        process.kill()
    for folder in set(RUNS.glob("capacity-*")) - before:
        shutil.rmtree(folder)


def written_chapter(tmp_path: Path) -> tuple[dict[str, Any], list[float]]:
    """Return the written chapter and the rates of its curve."""
    (file,) = tmp_path.glob("*/report.json")
    written: dict[str, Any] = json.loads(file.read_text())["capacity"]
    return written, [point["rate"] for point in written["scenarios"]["browse"]["monolith"]["curve"]]


@pytest.mark.live
@pytest.mark.deep
def test_ctrl_c_keeps_the_measurements_and_leaves_nothing_running(
    started: subprocess.Popen[str], tmp_path: Path
) -> None:
    children = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert (started.returncode, errors.splitlines()) == (130, ["ended by SIGINT; nothing is left running"])
    assert not [one for one in children if processes.is_running(one.pid)]
    written, rates = written_chapter(tmp_path)
    assert (written["complete"], written["ended_by"]) == (False, "SIGINT")
    assert rates == [20, 40]


@pytest.mark.live
@pytest.mark.deep
def test_a_system_that_dies_is_named_and_the_measurements_are_kept(
    started: subprocess.Popen[str], tmp_path: Path
) -> None:
    (supervisor,) = (one for one in psutil.Process(started.pid).children() if "monolith" in one.cmdline())
    supervisor.children()[0].kill()
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 4
    assert errors.startswith("monolith ended in the middle of the run (log: ")
    assert errors.count("\n") == 1
    written, rates = written_chapter(tmp_path)
    assert written["ended_by"].startswith("monolith ended in the middle")
    assert rates[:2] == [20, 40]
