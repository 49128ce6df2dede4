"""Drills on running systems: both recover by themselves, and lose and double nothing."""

from pathlib import Path

import pytest
from rich.console import Console

from loadtests.__main__ import _parser
from loadtests.drill.command import Results, measure
from loadtests.progress import ProgressDisplay
from loadtests.results import SIDES

pytestmark = pytest.mark.live

RECOVERED_WITHIN_S = 10.0
ANSWERS = {"200", "201", "503 with Retry-After"}  # to a write while the database is started again


def drilled(folder: Path, *words: str) -> Results:
    """Run drills and return their results."""
    options = _parser("drill").parse_args(["drill", "--rate", "6", "--votes", "4", *words])
    results = Results(options.rate)
    measure(options, folder, ProgressDisplay(Console(quiet=True)), results)
    return results


def test_the_monolith_recovers_from_a_killed_worker_and_a_killed_database(tmp_path: Path) -> None:
    results = drilled(tmp_path, "--side", "monolith", "--fault", "kill-worker", "--fault", "kill-database")
    assert results.kept, results.drills
    killed = results.drills["kill-database"]["monolith"]
    assert killed["answers"].keys() <= ANSWERS
    assert killed["served_again_s"] <= RECOVERED_WITHIN_S


@pytest.mark.deep
def test_both_sides_recover_from_every_fault(tmp_path: Path) -> None:
    results = drilled(tmp_path)
    assert results.kept, results.drills
    broken = results.drills["broken-search"]
    # The post and its index entry are one transaction on the monolith; the services index from a stream.
    assert ["500" in broken[side]["answers"] for side in SIDES] == [True, False]
    assert results.drills["poison"]["microservices"]["by_hand"] == ["look at 10 dead letters and delete them"]
    assert results.drills["poison"]["monolith"]["by_hand"] == ["look at 10 parked jobs and delete them"]
