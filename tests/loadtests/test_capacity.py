"""The capacity of planted servers over loopback, of what is used up there, and of runs that end early."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import psutil
import pytest

from loadtests import processes, report
from loadtests.__main__ import main
from loadtests.capacity.climb import Climb, Probe
from loadtests.capacity.figures import figures
from loadtests.capacity.measuring import Found, RunSettings, checked, take_turns
from loadtests.capacity.saturation import Evidence, as_figures, evidence, sentence
from loadtests.capacity.search import End, Search
from loadtests.capacity.slo import parsed
from loadtests.capacity.usage import GENERATOR, Look, Meter, Usage
from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.systems import SystemFailed
from tests.loadtests.planted import serving
from tests.loadtests.queues import admitting, in_virtual_time

SLO = parsed("p95<200ms,errors<1%")
NOBODY = "http://127.0.0.1:1"
RUNS = processes.ROOT / ".run"
PROBE_SAYS = "  browse, monolith, 40.0 a second"


def climbing(url: str, *, start: float = 20, ceiling: float = 2_000, precision: float = 0.1) -> Climb:
    plan = LoadPlan(base_url=url, rate=1, duration_s=1, warm_up_s=0, seed="planted", path="/", scenario="")
    return Climb(plan, SLO, Search(start, ceiling, precision), meter=None)


def asked_for(tmp_path: Path, *, given: dict[str, str]) -> RunSettings:
    return RunSettings(
        slo=SLO, scenarios=("browse",), sides=tuple(given), given=given, live_given={}, start=20, ceiling=2_000,
        precision=0.1, seconds=100, run_dir=tmp_path,
    )  # fmt: skip


@pytest.mark.slow
def test_the_knee_of_a_server_that_admits_so_many_a_second_is_found() -> None:
    with serving(admitting(60)) as server, LoadProcess() as generator:
        for _ in range(3):  # where the machine holds up the generator, the search says so and is made again
            climb = climbing(server.url, start=45, precision=0.2)
            take_turns({"monolith": climb}, checked(generator.run), seconds=90, told=lambda *_: None)
            if climb.search.end is not End.GENERATOR:
                break
    found = climb.knee()
    assert found is not None
    assert climb.search.end is End.BROKE
    assert found.rate == pytest.approx(60, rel=0.2)
    assert found.low <= 60 <= found.high


def test_a_server_that_goes_away_ends_the_search_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    with LoadProcess() as generator:
        with serving(lambda _: (200, {})) as server:
            climb = climbing(server.url)
            take_turns({"monolith": climb}, checked(generator.run), seconds=0.1, told=lambda *_: None)
        with pytest.raises(SystemFailed, match="nobody answers at"):
            take_turns({"monolith": climb}, checked(generator.run), seconds=60, told=lambda *_: None)
    assert [probe.rate for probe in climb.probes] == [20]
    found = Found(urls={"monolith": server.url}, climbs={"browse": {"monolith": climb}})
    chapter = figures(asked_for(tmp_path, given=found.urls), found, ended_by="nobody answers")
    one = chapter["scenarios"]["browse"]["monolith"]
    assert (one["knee"], one["bound"], one["ended"]) == (20, "at least", "the search was ended; 20 a second held")
    page = (report.add_chapter(tmp_path / "report", "capacity", chapter) / "report.html").read_text()
    assert "<b>Incomplete:</b> capacity, nobody answers" in page


def test_the_chapter_holds_knees_ratio_curve_and_why_each_search_ended(tmp_path: Path) -> None:
    urls = {"monolith": "http://127.0.0.1:8000", "microservices": "http://127.0.0.1:4566/_aws/execute-api/a/$default"}
    runs = {url: in_virtual_time(rate, luck=Random(url)) for url, rate in zip(urls.values(), (300, 100), strict=True)}
    climbs = {side: climbing(url) for side, url in urls.items()}
    take_turns(climbs, lambda plan: runs[plan.base_url](plan), seconds=1e9, told=lambda *_: None)
    found = Found(urls=urls, climbs={"browse": climbs})
    chapter = figures(asked_for(tmp_path, given=urls), found)
    sides: dict[str, Any] = chapter["scenarios"]["browse"]
    assert sides["monolith"]["low"] < 300 < sides["monolith"]["high"]
    assert (sides["ratio"]["verdict"], sides["ratio"]["origin"]) == ("monolith", "emulated")
    assert sides["ratio"]["low"] < 1 / 3 < sides["ratio"]["high"]
    assert ", over 200 ms" in sides["monolith"]["ended"]
    curve = sides["microservices"]["curve"]
    assert [point["rate"] for point in curve] == sorted({point["rate"] for point in curve})
    assert {point["outcome"] for point in curve} == {"held", "broken"}
    assert "unknown: the system was not started on this machine" in sides["monolith"]["saturated"]
    folder = report.add_chapter(tmp_path / "report", "capacity", json.loads(json.dumps(chapter)))
    page = (folder / "report.html").read_text()
    assert page.count('class="plot"') == 2
    assert "the monolith carries more" in page
    assert "the monolith carries more" in (folder / "report.md").read_text()


@pytest.mark.parametrize("probes", [7, 1_000])
def test_a_generator_at_its_limit_is_said_to_be_also_when_the_time_is_over(probes: int, tmp_path: Path) -> None:
    answers, url = in_virtual_time(1_000, luck=Random(1)), "http://127.0.0.1:8000"

    def run(plan: LoadPlan) -> BlockResult:
        block = answers(plan)
        block.cpu = plan.rate / 200
        return block

    climb = climbing(url)
    for _ in range(probes):
        if climb.next:
            climb.probe(run)
    found = Found(urls={"monolith": url}, climbs={"browse": {"monolith": climb}})
    one = figures(asked_for(tmp_path, given={"monolith": url}), found)["scenarios"]["browse"]["monolith"]
    assert one["bound"] == "at least"
    assert one["high"] is None
    assert "the load generator took" in one["ended"]
    assert "not the system's" in one["ended"]
    assert {point["outcome"] for point in one["curve"]} == {"held", "void"}
    assert one["ended"].startswith("the time was over; ") is (probes == 7)


def seen(**changed: Any) -> Evidence:
    quiet: dict[str, Any] = {
        "rate": 300.0, "machine": 0.5, "cores": {"gunicorn workers": 0.6, "PostgreSQL": 0.2},
        "busiest": {"gunicorn workers": 0.35, "PostgreSQL": 0.1}, "all_busy": 0.1, "waiting": 0.0, "throttled": 0.0,
        "limit": 8, "floor_broken": [],
    }  # fmt: skip
    return Evidence(**{**quiet, **changed})


def test_nothing_that_was_used_up_is_said_with_the_figures() -> None:
    assert sentence(seen()) == (
        "Nothing measured was saturated at 300 a second: machine 50 % busy, busiest process 0.35 of a core (gunicorn workers), "
        "all database connections busy at 10 % of the looks."
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"machine": 0.97},
            "the machine, 97 % of whose cores was in use (gunicorn workers 0.60, PostgreSQL 0.20 cores)",
        ),
        ({"busiest": {"local AWS's gateway": 0.96}}, "one process of local AWS's gateway, at 0.96 of the one core"),
        ({"all_busy": 0.8}, "the database connections, all 8 busy at 80 % of the looks"),
        ({"waiting": 3.14}, "locks of the database, for which 3.1 transactions waited at a time"),
        ({"throttled": 0.05}, "what answers at once (8): 5.0 % of the requests were refused for it"),
        ({"floor_broken": ["p95 400 ms, over 200 ms"]}, "an empty function does not keep the level either (p95 400 ms"),
    ],
)
def test_what_was_used_up_is_named_with_its_figures(changed: dict[str, Any], said: str) -> None:
    words = sentence(seen(**changed))
    assert words.startswith("Saturated at 300 a second: ")
    assert said in words


def test_the_figures_of_several_probes_are_averaged() -> None:
    answers = in_virtual_time(1_000, luck=Random(1))
    block = answers(LoadPlan(base_url=NOBODY, rate=100, duration_s=1, warm_up_s=0, seed="seen", path="/"))
    block.reasons = {"GET /posts: status 429": 7, "GET /posts: status 404": 3}
    usages = [
        Usage(machine=share, cores={"PostgreSQL": 2 * share}, busiest={"PostgreSQL": share}, looks=looks)
        for share, looks in ((0.8, [Look(8, 3), Look(8, 1)]), (1.0, [Look(2, 0), Look(8, 0)]))
    ]
    probes = [Probe(rate=100, long=True, block=block, usage=usage) for usage in usages]
    found = evidence(probes, limits={"worker processes": 8}, floor_broken=[])
    assert found is not None
    assert as_figures(found) == {
        "rate": 100, "machine": 0.9, "cores": {"PostgreSQL": 1.8}, "busiest": {"PostgreSQL": 0.9}, "connections_all_busy": 0.75,
        "waiting_for_locks": 1.0, "throttled": 0.07, "at_once": 8,
    }  # fmt: skip
    assert evidence([replace(probes[0], usage=None)], limits={}, floor_broken=[]) is None


def test_a_process_that_computes_is_seen_in_its_group() -> None:
    burning = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(burning) as busy:
        meter = Meter([])
        with meter.over(after_s=0.1, lasting_s=0.6):
            until = monotonic() + 1
            while meter.usage is None and monotonic() < until:
                busy.poll()
        busy.kill()
    assert meter.usage is not None
    assert 0.1 < meter.usage.busiest[GENERATOR] <= meter.usage.cores[GENERATOR]
    assert 0 < meter.usage.machine <= 1


def test_a_level_that_is_not_understood_is_a_usage_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--slo", "p95<250"]) == 3
    said = capsys.readouterr()
    assert said.err.startswith("the service level's term 'p95<250' is not understood; understood: p50 to p99.9")
    assert said.err.count("\n") == 1


def test_a_deployed_feed_that_nobody_names_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--slo", "p95<1s", "--scenario", "live", "--microservices-url", NOBODY]) == 3
    assert "needs --microservices-live-url" in capsys.readouterr().err


def test_a_url_that_nobody_answers_at_is_said_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", "--slo", "p95<1s", "--monolith-url", NOBODY, "--results", str(tmp_path)]) == 4
    said = capsys.readouterr()
    assert said.err.startswith(f"nobody answers at {NOBODY}: ")
    assert "start" not in said.out
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on the monolith, when its second probe is over; what it leaves of logs goes too."""
    before = set(RUNS.glob("capacity-*"))
    command = f"capacity --slo p95<250ms --side monolith --results {tmp_path}".split()
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtests", *command], cwd=processes.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    if not any(line.startswith(PROBE_SAYS) for line in process.stdout):
        raise AssertionError(process.communicate()[1])
    yield process
    if process.poll() is None:
        process.kill()
    for folder in set(RUNS.glob("capacity-*")) - before:
        shutil.rmtree(folder)


def kept(tmp_path: Path) -> dict[str, Any]:
    (file,) = tmp_path.glob("*/report.json")
    chapter: dict[str, Any] = json.loads(file.read_text())["capacity"]
    return chapter


def rates_kept(tmp_path: Path) -> list[float]:
    return [point["rate"] for point in kept(tmp_path)["scenarios"]["browse"]["monolith"]["curve"]]


@pytest.mark.live
def test_ctrl_c_keeps_what_was_measured_and_leaves_nothing_running(
    begun: subprocess.Popen[str], tmp_path: Path
) -> None:
    started = psutil.Process(begun.pid).children(recursive=True)
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said.splitlines()) == (130, ["ended by SIGINT; nothing is left running"])
    assert not [one for one in started if processes.is_running(one.pid)]
    assert (kept(tmp_path)["complete"], kept(tmp_path)["ended_by"]) == (False, "SIGINT")
    assert rates_kept(tmp_path) == [20, 40]


@pytest.mark.live
def test_a_system_that_dies_is_named_and_what_was_measured_is_kept(
    begun: subprocess.Popen[str], tmp_path: Path
) -> None:
    (server,) = (one for one in psutil.Process(begun.pid).children() if "monolith" in one.cmdline())
    for worker in (server, *server.children()):
        worker.kill()
    _, said = begun.communicate(timeout=60)
    assert begun.returncode == 4
    assert said.startswith("nobody answers at http://127.0.0.1:")
    assert said.count("\n") == 1
    assert kept(tmp_path)["ended_by"].startswith("nobody answers at")
    assert rates_kept(tmp_path)[:2] == [20, 40]
