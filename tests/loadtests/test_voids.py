"""A void run shows the reason on its first screen and by its exit status."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtests import aa, systems
from loadtests.report.contents import contents
from loadtests.report.figures import figures, reasons_of_void, series
from loadtests.report.forms import html
from loadtests.results import SIDES, UNKNOWN, Resources, Results, differences
from loadtests.run import run_and_report
from loadtests.systems import System
from tests.loadtests import planted_monolith, tiny_runs
from tests.loadtests.made_runs import made_run

EQUAL = Resources({"worker processes": 8}, (0, 1), {"workers": 2, "threads_each": 4})
MORE = Resources({"worker processes": 12}, (0, 1), {"workers": 3, "threads_each": 4})
Fault = Callable[[Results], None]


def busy(run: Results) -> None:
    run.scenarios["browse"][0].block.cpu = 0.9


def late(run: Results) -> None:
    for measured in run.scenarios["browse"]:
        measured.block.late = 5 if measured.side == "monolith" else 0


def wrong(run: Results) -> None:
    run.scenarios["browse"][1].block.wrong = 2
    run.scenarios["browse"][1].block.reasons = {"GET /posts: wrong outcome: oldest first": 2, "GET /posts: timeout": 7}


def lost(run: Results) -> None:
    run.freshness["microservices"].lost_or_doubled_votes = 3


def unequal(run: Results) -> None:
    run.resources = [dict(zip(SIDES, (EQUAL, EQUAL), strict=True)), dict(zip(SIDES, (MORE, EQUAL), strict=True))]


@pytest.mark.parametrize(
    ("fault", "reason", "voided"),
    [
        (busy, "browse on monolith: the load generator took 90 % of a core, over 85 %", ["browse"]),
        (late, "browse on monolith: 8 % of the requests started late, over 5 %", ["browse"]),
        (wrong, "browse on microservices: 2 outcomes were wrong, such as GET /posts: wrong outcome: oldest", ["browse"]),
        (lost, "the consistency audit of the microservices failed: lost or doubled votes 3", ["browse", "live"]),
        (unequal, "the resources are not equal: monolith has 12 requests at once (3 workers, 4 threads", ["browse", "live"]),
    ],
)  # fmt: skip
def test_a_fault_voids_the_scenarios_that_it_affects(fault: Fault, reason: str, voided: list[str]) -> None:
    run = made_run("a")
    fault(run)
    report = figures(run)
    assert [why.startswith(reason) for why in report["voids"]] == [True]
    verdicts = {
        name: {one["verdict"] for one in report["scenarios"][name]["metrics"].values()} for name in ("browse", "live")
    }
    assert [name for name, voided_all in verdicts.items() if voided_all == {"void"}] == voided
    page = html(contents(report, series(run)))
    assert page.index(f"<b>Void:</b> {report['voids'][0][:40]}") < page.index('<ol class="findings"')


def test_a_run_without_a_fault_is_not_void() -> None:
    run = made_run("a")
    run.resources = [dict.fromkeys(SIDES, EQUAL)] * 2
    assert reasons_of_void(run, {}) == {}


def test_unknown_resources_of_a_deployed_system_void_nothing() -> None:
    run = made_run("a")
    run.resources = [dict(zip(SIDES, (EQUAL, UNKNOWN), strict=True))]
    assert reasons_of_void(run, {}) == {}
    assert figures(run)["resources"]["microservices"]["summary"] == "unknown"


def test_other_cores_are_unequal() -> None:
    texts = differences({"first": EQUAL, "second": replace(EQUAL, cores=(0,))})
    assert len(texts) == 1
    assert "on cores 0, 1; second has" in texts[0]


@pytest.fixture(scope="module")
def one_wrong(monolith: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The URLs of a correct monolith and of one with wrong answers under load."""
    folder, planted = tmp_path_factory.mktemp("one-wrong"), planted_monolith.system("wrong")
    with systems.running(folder, [planted]) as urls:
        yield dict(zip(aa.SIDES, (monolith, urls[planted.name]), strict=True))


def run(tmp_path: Path, **changed: Any) -> tuple[int, list[str]]:
    """Make a tiny run. Return its exit status and why it is void."""
    settings = tiny_runs.settings(tmp_path / "run", **changed)
    figures = run_and_report(settings, tmp_path / "report", Console(quiet=True))
    return aa.status([figures]), figures["voids"]


@pytest.mark.live
@pytest.mark.deep
def test_a_wrong_outcome_under_load_voids_the_run(one_wrong: dict[str, str], tmp_path: Path) -> None:
    status, voids = run(tmp_path, deployed=one_wrong, scenarios=("browse",))
    assert status == 2
    assert any("browse on second" in reason and "wrong outcome" in reason for reason in voids)
    assert not any("browse on first" in reason and "wrong outcome" in reason for reason in voids)


@pytest.mark.live
@pytest.mark.deep
def test_a_generator_that_needs_more_than_a_core_voids_the_run(one_wrong: dict[str, str], tmp_path: Path) -> None:
    status, voids = run(tmp_path, deployed=one_wrong, scenarios=("publish",), rate=6_000)
    assert status == 2
    assert any("the load generator took" in reason or "started late" in reason for reason in voids)


@pytest.mark.live
@pytest.mark.deep
def test_a_side_with_another_worker_voids_the_run(tmp_path: Path) -> None:
    three = System("monolith", (sys.executable, "-m", "monolith", "--workers", "3"))
    sides = dict(zip(aa.SIDES, (systems.MONOLITH, three), strict=True))
    status, voids = run(tmp_path, sides=sides, scenarios=("browse",))
    cores = voids[0].rpartition("on cores ")[2]
    assert status == 2
    assert voids == [
        "the resources are not equal: first has 8 requests at once (2 workers, 4 threads each) on cores "
        f"{cores}; second has 12 requests at once (3 workers, 4 threads each) on cores {cores}"
    ]
