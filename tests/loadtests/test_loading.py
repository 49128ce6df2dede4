"""What `load` prints of a block."""

from random import Random

import pytest
from rich.console import Console

from loadtests.load import BlockResult, LoadPlan, LostWorker, Second, Worker
from loadtests.loading import ROWS, show
from loadtests.shapes import shaped
from tests.loadtests.made_runs import a_block


def shown(block: BlockResult, seconds: float = 2.0) -> str:
    plan = LoadPlan(
        base_url="", rate=30, duration_s=seconds, warm_up_s=0, seed="", shape=shaped("ramp", rate=30, seconds=seconds)
    )
    console = Console(width=100)
    with console.capture() as printed:
        show(block, plan, console)
    return printed.get()


def block(**changed: object) -> BlockResult:
    found = a_block(Random("load"), 5.0, 60)
    found.arrivals = 60
    for name, value in changed.items():
        setattr(found, name, value)
    return found


def test_a_block_is_shown_by_the_second_below_its_figures() -> None:
    lines = shown(block()).splitlines()
    assert lines[0].startswith("30.0 right answers a second of 30.0 offered; p50 ")
    assert [line.split()[:2] for line in lines[-3:-1]] == [["0", "20"], ["1", "40"]]


def test_a_long_block_is_shown_in_few_lines() -> None:
    seconds = [Second(at_s=at, p50_ms=1, p95_ms=2, count=1, offered=1) for at in range(600)]
    rows = [
        line for line in shown(block(seconds=seconds), 600.0).splitlines() if line.split()[1:] == ["1", "1.0", "2.0"]
    ]
    assert len(rows) == ROWS


def test_a_load_that_was_ended_early_is_said_to_be_and_counts_the_seconds_that_it_had() -> None:
    lines = shown(block(ended_at_s=1.0), seconds=600.0).splitlines()
    assert lines[0] == "incomplete: ended 1.0 s after the warm-up"
    assert lines[1].startswith("60.0 right answers a second of 60.0 offered")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cpu": 0.9}, "void: the load generator took 90% of a core, over 85%"),
        ({"late": 6}, "void: 10% of the requests started late, over 5%"),
        (
            {"lost_workers": [LostWorker(name="w", at_s=1, arrivals=60)]},
            "void: 50% of the arrivals were lost with a worker",
        ),
        (
            {"lost_workers": [LostWorker(name="w", at_s=1, arrivals=1)]},
            "lost: w, last report 1 s into its block, 1 arrivals",
        ),
        ({"workers": [Worker(name="w", arrivals=60, late=1, cpu=0.1)]}, "w: 60 arrivals, 1 late, 10% of a core"),
    ],
)
def test_what_the_generator_did_is_said(changed: dict[str, object], said: str) -> None:
    assert said in shown(block(**changed))
