"""The metering that ends a comparison of both systems."""

from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from loadtests import run, systems
from loadtests.parity import contract
from loadtests.results import SIDES
from tests.loadtests import tiny_runs


@pytest.mark.live
@pytest.mark.deep
def test_no_message_to_a_subscriber_of_the_load_is_metered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_file = partial(contract.contract_checks, workers=2, tests=contract.TESTS / "test_feedback.py")
    monkeypatch.setattr(run, "contract_checks", one_file)
    sides = dict(zip(SIDES, systems.BOTH, strict=True))
    tiny = tiny_runs.settings(tmp_path / "run", sides=sides, scenarios=("publish", "live"))
    figures = run.run_and_report(tiny, tmp_path / "report", Console(quiet=True))
    work = figures["metering"]["operations"]["microservices"]["POST /posts"]["work"]
    sends = [store["calls"] for each in work for store in each["stores"] if store["name"].endswith("PostToConnection")]
    assert sends == [1.0]  # to the one listener of the tour
