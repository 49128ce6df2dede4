"""Reports of a changing rate, and of several workers."""

import json
from pathlib import Path

from loadtests.load import LostWorker
from loadtests.report.figures import figures
from loadtests.results import Results
from tests.loadtests.made_runs import made_run, write_report


def ramped() -> Results:
    run = made_run("a")
    run.settings["shape"] = "ramp"
    return run


def test_a_shape_is_drawn_with_the_latency_of_all_blocks_below_it(tmp_path: Path) -> None:
    folder = write_report(ramped(), tmp_path / "run")
    (first, second) = json.loads((folder / "series.json").read_text())["scenarios"]["browse"]["monolith"]["by_second"]
    assert (first["at_s"], first["offered"], second["at_s"], second["offered"]) == (0, 20, 1, 40)
    assert 3 < first["p50_ms"] < first["p95_ms"] < 12
    page = (folder / "report.html").read_text()
    assert "Load and latency over time: ramp" in page
    assert "seconds of a block" in page
    assert "offered/s" in page


def test_a_steady_run_has_no_chapter_of_its_shape(tmp_path: Path) -> None:
    folder = write_report(made_run("a"), tmp_path / "run")
    assert "by_second" not in (folder / "series.json").read_text()
    assert "Load and latency over time" not in (folder / "report.html").read_text()


def lossy(arrivals: int) -> Results:
    run = made_run("a")
    one = next(one for one in run.scenarios["browse"] if one.side == "monolith" and one.at_s > 0)
    one.block.lost_workers = [LostWorker(name="worker 2 on there", at_s=0.5, arrivals=arrivals)]
    for measured in run.scenarios["browse"]:
        measured.block.arrivals = measured.block.offered
    return run


def test_a_run_that_lost_much_with_a_worker_is_void() -> None:
    void = figures(lossy(300))
    assert void["voids"] == ["browse on monolith: 29 % of the arrivals were lost with a worker, over 5 %"]
    assert void["scenarios"]["browse"]["metrics"]["p95_ms"]["verdict"] == "void"
    assert void["scenarios"]["live"]["metrics"]["p95_ms"]["verdict"] != "void"
