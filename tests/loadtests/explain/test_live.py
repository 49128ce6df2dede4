"""Both live systems with hooks: the parts add up to the measured time, and every span has its line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtests import systems
from loadtests.explain.command import Results, explain
from loadtests.explain.layer import add_hooks
from loadtests.explain.traced import SYSTEMS
from loadtests.journeys import JOURNEYS
from loadtests.progress import ProgressDisplay
from loadtests.results import SIDES

pytestmark = pytest.mark.live

CLOCKS_MS = (
    0.5  # tolerance between the machine's clock, read in two processes, and the durations that each process measures
)


@pytest.fixture(scope="module")
def chapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The figures of two journeys: a reading one, and one whose writes pass a stream, a topic and queues."""
    run_dir = tmp_path_factory.mktemp("explained")
    chosen = [JOURNEYS[name] for name in ("reader", "voter")]
    with Path(run_dir / "console").open("w") as nowhere, systems.running(run_dir, SYSTEMS) as urls:
        add_hooks(json.loads((run_dir / "microservices.json").read_text())["endpoint"])
        walked = Results()
        explain(urls, chosen, run_dir, ProgressDisplay(Console(file=nowhere)), walked)
        yield walked.figures()


def every_call(chapter: dict[str, Any], side: str) -> list[dict[str, Any]]:
    return [call for sides in chapter["journeys"].values() for call in sides[side]]


@pytest.mark.parametrize("side", SIDES)
def test_the_parts_add_up_to_the_measured_time_and_none_is_missing(chapter: dict[str, Any], side: str) -> None:
    """The gateway's part is the rest, so the sum holds by construction. A wrong span makes a part negative, and a missing span
    leaves an answer without own code."""
    for call in every_call(chapter, side):
        assert sum(call["parts"].values()) == pytest.approx(call["ms"], rel=0.1), call["operation"]
        assert all(ms > -CLOCKS_MS for ms in call["parts"].values()), call["parts"]
        if (side, call["operation"]) != ("microservices", "GET /leaderboard.html"):  # an object, and nothing runs
            assert call["counts"]["functions"] >= (side == "microservices"), call["operation"]
            assert call["parts"]["own code"] > 0, call["operation"]


@pytest.mark.parametrize("side", SIDES)
def test_spans_before_the_answer_lie_within_the_call(chapter: dict[str, Any], side: str) -> None:
    for call in every_call(chapter, side):
        for span in call["spans"]:
            assert span["at_ms"] > -CLOCKS_MS
            assert span["at_ms"] + span["ms"] < call["ms"] + CLOCKS_MS
            assert span["self_ms"] > -CLOCKS_MS


def test_each_answer_has_its_lines_on_both_sides(chapter: dict[str, Any]) -> None:
    for side in SIDES:
        calls = [call for call in every_call(chapter, side) if call["operation"] != "GET /leaderboard.html"]
        for call in calls:
            lines = [line for span in call["spans"] for line in span["lines"]]
            assert any(line.startswith(f"{side}/") for line in lines), call["operation"]
            assert all(span["lines"] for span in call["spans"] if span["kind"] in ("store call", "statement"))


def test_a_vote_is_counted_before_the_answer_on_the_monolith_and_after_it_on_the_services(
    chapter: dict[str, Any],
) -> None:
    here, there = (
        next(call for call in every_call(chapter, side) if call["operation"].startswith("PUT")) for side in SIDES
    )
    assert not [span for span in here["afterwards"]["spans"] if span["kind"] == "statement"]
    functions = {span["service"] for span in there["afterwards"]["spans"]}
    assert {"votes-projection", "posts-scores", "live-broadcast"} <= functions
    assert there["afterwards"]["ms"] > 0


def test_a_view_is_counted_after_the_answer_on_both_sides(chapter: dict[str, Any]) -> None:
    for side, counted_by in zip(SIDES, ("INSERT views", "dynamodb TransactWriteItems"), strict=True):
        left = [span["name"] for call in every_call(chapter, side) for span in call["afterwards"]["spans"]]
        assert any(name.startswith(counted_by.split()[0]) for name in left), side
