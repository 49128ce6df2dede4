"""Both sides get the same shape, and the report shows it."""

import json
from dataclasses import replace
from pathlib import Path

from loadtests.load import LoadPlan
from loadtests.load_process import LoadProcess
from loadtests.results import SIDES
from loadtests.run import interleave
from loadtests.settings import LoadOptions
from tests.loadtests.made_runs import made_run, write_report
from tests.loadtests.planted import serving


def test_a_burst_after_an_idle_time_is_offered_and_shown(tmp_path: Path) -> None:
    options, run = LoadOptions(shape="burst"), made_run("a")
    steady = LoadPlan(base_url="", rate=30.0, duration_s=2.5, warm_up_s=0.1, seed="test", path="/")
    with serving(lambda number: (200, {})) as server, LoadProcess() as generator:
        plans = dict.fromkeys(SIDES, options.apply(replace(steady, base_url=server.url)))
        run.scenarios["browse"] = list(interleave(generator.run, plans, pairs=1))
    run.settings.update(shape=options.shape, block_s=2.5)
    folder = write_report(run, tmp_path / "report")
    browse = json.loads((folder / "series.json").read_text())["scenarios"]["browse"]
    # 0.5 s at a fifth of the rate, 1.5 s of nothing, 0.5 s at the rate: 3 arrivals, none, and 15.
    for side in SIDES:
        assert {point["at_s"]: point["offered"] for point in browse[side]["by_second"]} == {0: 3, 2: 15}
    assert "Load and latency over time: burst" in (folder / "report.html").read_text()
