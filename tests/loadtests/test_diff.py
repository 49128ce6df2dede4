"""The difference of two runs: changes, noise, regressions, and files that are not reports."""

import io
import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

from loadtests import diff
from loadtests.__main__ import main
from loadtests.diff import read
from loadtests.diff.changes import changes, interval, lag_median
from loadtests.processes import ROOT
from tests.loadtests.made_runs import made_run, write_figures

Change = Callable[[dict[str, Any]], None]


class Runs:
    """Written runs that no test changes. Each is made once, because it takes a part of a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, seed: str, **slower: float) -> Path:
        """Return the folder of a run; slower: as of made_run."""
        folder = self._folder / f"{seed}{slower}"
        return folder if folder.exists() else write_figures(made_run(seed, slower=slower), folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def before(runs: Runs) -> Path:
    return runs.run("a")


@pytest.fixture
def same(runs: Runs, tmp_path: Path) -> Path:
    """The same system, measured again, in a folder that a test may change."""
    return Path(shutil.copytree(runs.run("b"), tmp_path / "b"))


def edited(folder: Path, change: Change, file: str = "report.json") -> Path:
    """Return the folder after a change of one of its files."""
    content = json.loads((folder / file).read_text())
    change(content)
    (folder / file).write_text(json.dumps(content))
    return folder


def output_of(before: Path, after: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return exit status and output of the command."""
    status = main(["diff", str(before), str(after), *more])
    return status, capsys.readouterr().out


def test_the_same_system_again_is_within_noise(before: Path, same: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = output_of(before, same, capsys=capsys)
    assert status == 0
    assert "No regression of more than 10%." in output
    rows = [line for line in output.splitlines() if " p95 " in line]
    assert len(rows) == 4
    assert all("within noise" in line for line in rows)


@pytest.mark.deep
def test_five_pairs_of_runs_of_one_system_have_no_regression(runs: Runs) -> None:
    read_runs = [read(runs.run(seed)) for seed in "abcdef"]
    assert [diff.difference(*pair, threshold=0.1).status for pair in pairwise(read_runs)] == [0] * 5


@pytest.mark.parametrize("side", ["monolith", "microservices"])
def test_a_side_that_is_a_quarter_slower_is_a_regression_of_that_side(
    before: Path, runs: Runs, side: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slower = runs.run("b", **{side: 1.25})
    assert output_of(before, slower, capsys=capsys)[0] == 1
    result = diff.difference(read(before), read(slower), threshold=0.1)
    worse = {change.side for change in result.changes if change.verdict == "regression"}
    assert worse == {side}


def test_a_faster_side_is_better(before: Path, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = output_of(before, runs.run("b", microservices=0.6), capsys=capsys)
    assert status == 0
    assert "better" in output


def test_a_change_below_the_threshold_is_worse_but_not_a_regression(
    before: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output = output_of(before, runs.run("b", monolith=1.3), "--threshold", "80", capsys=capsys)
    assert (status, " worse" in output) == (0, True)
    conclusion = output.splitlines()[-1]
    assert re.fullmatch(r"No regression of more than 80%; \d+ are worse, not certainly by more than 80%\.", conclusion)


def test_a_percentile_with_fewer_than_ten_values_beyond_it_is_not_compared(tmp_path: Path) -> None:
    measured = []
    for factor in (1, 10):
        run = made_run("a")
        run.freshness["monolith"].lags["post_to_search"].lags_ms = [factor * each for each in range(10, 30)]
        measured.append(read(write_figures(run, tmp_path / f"{factor}")))
    result = diff.difference(measured[0], measured[1], threshold=0.1)
    lags = {(each.what, each.side): each.verdict for each in result.changes if "→" in each.what}
    assert lags == {("post → search", "monolith"): "regression"}  # the other kinds have five trials
    assert not any(each.metric == "p99" for each in result.changes)


def test_lower_goodput_is_a_regression(before: Path, tmp_path: Path) -> None:
    starved = made_run("b")
    for measured in starved.scenarios["browse"]:
        measured.block.succeeded, measured.block.errors = 30, 30
    result = diff.difference(read(before), read(write_figures(starved, tmp_path / "starved")), threshold=0.1)
    rates = {change.verdict for change in result.changes if change.what == "browse" and change.metric == "goodput"}
    assert rates == {"regression"}
    errors = {count.what: count.verdict for count in result.counts if count.what == "browse: errors"}
    assert errors == {"browse: errors": "regression"}


def test_a_slower_floor_is_not_a_regression(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved, slow = made_run("b"), made_run("c", slower={"monolith": 2})
    moved.floors = slow.floors
    status, output = output_of(before, write_figures(moved, tmp_path / "moved"), capsys=capsys)
    assert status == 0
    assert "The machine changed too: floor: empty response on monolith" in output


def on_another_machine(report: dict[str, Any]) -> None:
    report["machine"]["cores"] = 64


def at_another_rate(report: dict[str, Any]) -> None:
    report["settings"]["rates"]["browse"] = 300


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (on_another_machine, "another machine: cores 2 and 64"),
        (at_another_rate, "another load: rates"),
    ],
)
def test_runs_that_are_not_comparable_are_compared_on_counts_alone(
    runs: Runs, tmp_path: Path, change: Change, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slower = Path(shutil.copytree(runs.run("b", monolith=3), tmp_path / "slower"))
    status, output = output_of(runs.run("a"), edited(slower, change), capsys=capsys)
    assert status == 0
    assert reason in " ".join(output.split())
    assert "No regression in the counts." in output
    assert "p95" not in output


def test_a_lost_vote_is_a_regression_on_every_machine(
    before: Path, same: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def loses(report: dict[str, Any]) -> None:
        on_another_machine(report)
        report["after_the_load"]["lost_or_doubled_votes"]["microservices"] = 1

    status, output = output_of(before, edited(same, loses), capsys=capsys)
    assert status == 1
    assert "lost or doubled votes" in output


def test_a_void_run_ends_with_2(before: Path, same: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def busy(report: dict[str, Any]) -> None:
        report["voids"] = ["browse on monolith: the load generator was too busy"]

    status, output = output_of(before, edited(same, busy), capsys=capsys)
    assert status == 2
    assert "a void or incomplete run proves nothing" in output


def test_an_incomplete_run_ends_with_2_and_unmatched_scenarios_are_named(
    before: Path, same: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(report: dict[str, Any]) -> None:
        report["complete"] = False
        del report["scenarios"]["live"]

    status, output = output_of(before, edited(same, ended), capsys=capsys)
    assert status == 2
    assert "B is incomplete." in output
    assert "Not compared: only A has live." in output


def test_errors_are_compared_by_the_offered_requests(
    before: Path, same: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A longer run has more of the same, and as many in a much shorter one are many more."""

    def ten_times_as_long(report: dict[str, Any]) -> None:
        browse = report["scenarios"]["browse"]["monolith"]
        browse["errors"], browse["seconds"] = 30, 10 * browse["seconds"]

    def few(report: dict[str, Any]) -> None:
        report["scenarios"]["browse"]["monolith"]["errors"] = 3

    def many(report: dict[str, Any]) -> None:
        report["scenarios"]["browse"]["monolith"]["errors"] = 29

    longer = edited(Path(shutil.copytree(before, tmp_path / "longer")), ten_times_as_long)
    assert output_of(longer, edited(same, few), capsys=capsys)[0] == 0
    status, output = output_of(before, edited(same, many), capsys=capsys)
    assert status == 1
    assert "browse: errors" in output


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("{", "has no report"),
        ('{"schema": 2}', "has no report of schema 5"),
        ('{"schema": 5, "capacity": {}}', "not a comparison of the two systems"),
        ('{"schema": 5, "sides": ["first", "second"]}', "not a comparison of the two systems"),
    ],
)
def test_a_folder_without_a_comparison_ends_with_3_and_one_line(
    before: Path, tmp_path: Path, content: str | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    if content is not None:
        (odd / "report.json").write_text(content)
    (odd / "series.json").write_text("{}")
    with suppress(SystemExit):
        assert main(["diff", str(before), str(odd)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert reason in captured.err


def test_a_threshold_of_0_is_refused(before: Path, same: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["diff", str(before), str(same), "--threshold", "0"])
    assert ended.value.code == 3


def test_the_difference_fits_a_terminal_of_80_columns(before: Path, same: Path) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    diff.show(diff.difference(read(before), read(same), threshold=0.1), console)
    text = console.export_text()
    assert "floor: one read by key" in " ".join(text.split())
    assert "within noise" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert not re.search(r"\w…", text), "a cell is cut"


def test_a_summary_for_a_ci_is_appended_as_markdown(before: Path, same: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    main(["diff", str(before), str(same), "--markdown", str(summary)])
    text = summary.read_text()
    assert text.startswith("# Before\n## From A to B")
    assert "| browse | p95 |" in text


def test_a_summary_that_cannot_be_written_is_3(before: Path, same: Path, tmp_path: Path) -> None:
    assert main(["diff", str(before), str(same), "--markdown", str(tmp_path / "nowhere" / "summary.md")]) == 3


def test_the_interval_contains_the_change_and_is_reproducible(before: Path, same: Path) -> None:
    first, again = (list(changes(read(before), read(same), 0.1)) for _ in range(2))
    assert first == again
    assert all(change.low <= change.ratio <= change.high for change in first if change.metric == "p50")


def test_single_lags_are_resampled_one_by_one() -> None:
    assert lag_median([10, 30, 20]).whole() == 20
    assert lag_median([10, 30, 20]).values(np.array([(0, 1, 2), (2, 0, 2)])).tolist() == [20, 10]
    assert interval(lag_median([10.0] * 5), lag_median([20.0] * 5), seed="any") == (2.0, 2.0)


def test_diff_takes_the_arguments_of_the_example_workflow(
    before: Path, same: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = yaml.safe_load((ROOT / "docs" / "ci-example.yml").read_text())["jobs"]["compare"]["steps"]
    command = next(step["run"] for step in steps if "loadtests diff" in step.get("run", ""))
    options = command[command.index("--threshold") :].replace('"$GITHUB_STEP_SUMMARY"', str(tmp_path / "summary.md"))
    assert output_of(before, same, *options.split(), capsys=capsys)[0] == 0
    assert (tmp_path / "summary.md").exists()
