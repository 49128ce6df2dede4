"""A system against itself: the summary of its runs, and where it is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadtests import aa
from loadtests.report.comparison import findings, question
from loadtests.report.contents import contents
from loadtests.report.figures import figures, series
from loadtests.report.forms import html
from loadtests.results import Results
from tests.bench import experiments
from tests.loadtests.made_runs import made_run


def against_itself(seed: str, slower: float = 1.0) -> Results:
    """Return a run of one system on both sides. slower: factor on the latencies of the second side."""
    as_fast = {"microservices": slower / 4}  # it takes four times as long
    run = made_run(seed, slower=as_fast, scenarios=("browse", "publish"))
    names = dict(zip(run.sides, aa.SIDES, strict=True))
    for blocks in run.scenarios.values():
        for measured in blocks:
            measured.side = names[measured.side]
    run.sides, run.urls = aa.SIDES, dict.fromkeys(aa.SIDES, "http://127.0.0.1:8000")
    run.floors, run.freshness = {}, {}
    return run


@pytest.fixture(scope="module")
def same_system() -> dict[str, Any]:
    return figures(against_itself("a"))


@pytest.fixture(scope="module")
def slower() -> dict[str, Any]:
    return figures(against_itself("b", slower=1.25))


@pytest.fixture(scope="module")
def void() -> dict[str, Any]:
    run = against_itself("c")
    run.scenarios["browse"][0].block.cpu = 1.0
    return figures(run)


def test_the_same_system_is_within_noise_with_exit_status_0(same_system: dict[str, Any]) -> None:
    assert aa.within_noise(same_system)
    assert (experiments.better(same_system), aa.status([same_system])) == ([], 0)
    assert question(same_system).startswith("One system twice")
    assert findings(same_system)[1].text == "Within noise: none of 12 metrics differs."


def test_a_slowdown_of_a_quarter_is_detected_with_exit_status_1(
    slower: dict[str, Any], same_system: dict[str, Any]
) -> None:
    assert (experiments.better(slower), aa.status([same_system, slower])) == (["first"], 1)
    assert findings(slower)[1].text.startswith("Verdicts: first: geo mean of browse, ")


def test_a_void_run_ends_with_exit_status_2(void: dict[str, Any], slower: dict[str, Any]) -> None:
    assert not aa.within_noise(void)
    assert aa.status([slower, void]) == 2
    assert "void: geo mean of browse" in findings(void)[1].text


def test_a_summary_keeps_every_interval(
    same_system: dict[str, Any], slower: dict[str, Any], void: dict[str, Any]
) -> None:
    result = experiments.summary([same_system, slower, void], side="monolith")
    assert (result["runs"], result["within_noise"], result["void"], result["better"]) == (
        3,
        1,
        1,
        {"first": 1, "second": 0},
    )
    browse = result["by_metric"]["browse p50_ms"]
    assert browse["within_noise"] == 1
    assert [run[3] for run in browse["runs"]] == ["within noise", "first", "void"]
    ratio, low, high, _ = browse["runs"][1]
    assert 1.05 < low < ratio < high


def test_the_page_names_both_sides(same_system: dict[str, Any]) -> None:
    page = html(contents(same_system, series(against_itself("a"))))
    assert "Ratios are second over first" in page
    assert '<td class="second">second</td>' in page


def test_the_method_shows_the_saved_experiments() -> None:
    text, saved = experiments.METHOD.read_text(), json.loads(experiments.SUMMARY.read_text())
    assert experiments.with_experiments(text, saved) == text


@pytest.mark.parametrize("kind", experiments.PROMISES)
def test_the_saved_experiments_are_complete_and_keep_the_promise(kind: str) -> None:
    saved = json.loads(experiments.SUMMARY.read_text())[kind]
    assert saved["runs"] == experiments.PROMISES[kind][2]
    assert experiments.promise_kept(kind, saved)
    assert not experiments.promise_kept(kind, {"runs": 10, "within_noise": 8, "better": {"first": 8}})


def test_the_table_has_a_row_for_each_experiment(
    same_system: dict[str, Any], slower: dict[str, Any], tmp_path: Path
) -> None:
    saved = {
        name: experiments.summary([one], side="monolith") for name, one in (("alike", same_system), ("planted", slower))
    }
    lines = experiments.with_experiments("".join(experiments.MARKERS), saved).splitlines()
    assert lines[3:5] == ["| the same | 1 | 1 | 0 | 0 |", "| 25 % slower in every handler | 1 | 0 | 1 | 0 |"]
    assert lines[-2].startswith("| live | ± ")
