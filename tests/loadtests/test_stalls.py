"""What a stall of two seconds looks like in report.json, against what follows by hand."""

import json
from pathlib import Path
from random import Random

import pytest

from loadtests.results import SideBlock
from tests.loadtests.made_runs import a_block, made_run, written
from tests.loadtests.planted import offered, serving, stalling


def test_a_stall_of_two_seconds_is_in_the_reports_95th_percentile(tmp_path: Path) -> None:
    # 50 a second for 8 s, and one stall of 2 s: the 100 requests of that time wait 2.00, 1.98 … 0.02 s, so the twentieth
    # longest of 400, which is the 95th percentile, waits 1.62 s. A slow machine can only add to that.
    with serving(stalling(at=100, seconds=2.0)) as server:
        stalled = offered(server.url, duration_s=8.0)
    run = made_run("a")
    run.scenarios["browse"] = [
        SideBlock("monolith", 0, 0.0, stalled),
        SideBlock("microservices", 0, 8.0, a_block(Random("a"), 10.0, 400)),
    ]
    found = json.loads((written(run, tmp_path / "report") / "report.json").read_text())["scenarios"]["browse"]
    assert found["monolith"]["p95_ms"] == pytest.approx(1_620, abs=60)
    assert found["monolith"]["p99_ms"] >= 1_900
    assert found["microservices"]["p95_ms"] < 100
