"""Arrivals follow a shape or a trace exactly, in one process or in several, and a wrong trace is refused with its line."""

from itertools import islice, pairwise
from math import inf
from pathlib import Path

import pytest

from loadtests.errors import UsageError
from loadtests.files import read_trace
from loadtests.load import LoadPlan
from loadtests.shapes import SHAPES, Stage, due_times, length_s, shape_of


def test_a_steady_rate_is_evenly_spaced() -> None:
    assert list(due_times((Stage(2, 5, 5),))) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8])


def test_an_arrival_of_a_ramp_is_due_when_the_integral_of_the_rate_reaches_its_number() -> None:
    # From 0 to 8 a second in 4 s: t² arrivals after t seconds, so number n is due at the root of n.
    assert list(due_times((Stage(4, 0, 8),))) == pytest.approx([number**0.5 for number in range(16)])


def test_a_stage_continues_the_integral_of_the_one_before() -> None:
    # Half an arrival in the first second, none in the idle one, the other half in the first eighth of the third.
    assert list(due_times((Stage(1, 0.5, 0.5), Stage(1, 0, 0), Stage(1, 4, 4)))) == pytest.approx(
        [0, 2.125, 2.375, 2.625, 2.875]
    )


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_offers_the_integral_of_its_rate_and_never_exceeds_the_peak(name: str) -> None:
    shape = shape_of(name, rate=37.0, seconds=11.0)
    times = list(due_times(shape))
    assert len(times) == pytest.approx(sum(stage.arrivals for stage in shape), abs=1)
    assert max(max(stage.start, stage.end) for stage in shape) <= 37.0
    assert length_s(shape) == pytest.approx(11.0)
    assert times == sorted(times)
    assert times[-1] < 11.0


def test_a_spike_is_ten_times_the_idle_rate_at_once() -> None:
    times = list(due_times(shape_of("spike", rate=100)))
    assert [sum(low <= time < low + 10 for time in times) for low in (0, 10, 20)] == [100, 1000, 100]


def planned(**changed: object) -> LoadPlan:
    plan = {
        "rate": 30.0,
        "duration_s": 3.0,
        "warm_up_s": 0.3,
        "seed": "x",
        "shape": shape_of("ramp", rate=30, seconds=3),
    }
    return LoadPlan(base_url="", **(plan | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("changed", [{}, {"shape": ()}, {"trace": (0.0, 0.0, 0.5, 2.9), "shape": ()}])
def test_the_parts_of_three_workers_add_up_to_the_whole(changed: dict[str, object]) -> None:
    parts = [list(planned(part=part, parts=3, **changed).arrivals()) for part in range(3)]
    assert sorted(time for part in parts for time in part) == list(planned(**changed).arrivals())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_steady_block_begins_with_a_warm_up_at_its_rate() -> None:
    times = list(planned(shape=()).arrivals())
    assert (len(times), sum(time < 0.3 for time in times)) == (99, 9)
    assert max(after - before for before, after in pairwise(times)) == pytest.approx(1 / 30)


def test_a_shape_that_begins_at_rate_zero_has_no_warm_up() -> None:
    assert min(planned().arrivals()) >= 0.3


def test_a_trace_is_replayed_unchanged() -> None:
    assert list(planned(trace=(0.0, 0.25, 0.25, 1.5)).arrivals()) == pytest.approx([0.3, 0.55, 0.55, 1.8])


def test_arrivals_without_an_end_are_generated_lazily() -> None:
    times = planned(shape=(Stage(inf, 100, 100),), warm_up_s=0).arrivals()
    assert list(islice(times, 1_000, 1_003)) == pytest.approx([10.0, 10.01, 10.02])


def trace(folder: Path, text: str) -> Path:
    (folder / "trace.csv").write_text(text)
    return folder / "trace.csv"


@pytest.mark.parametrize(
    "text", ["0\n0.5\n0.5\n2e0\n", "offset_s\n0\n0.5\n0.5\n2\n\n", "\ufeffseconds\r\n0\r\n.5\r\n.5\r\n2"]
)
def test_a_trace_is_read_with_and_without_a_header(tmp_path: Path, text: str) -> None:
    assert read_trace(trace(tmp_path, text)) == (0, 0.5, 0.5, 2)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("0\nlater\n", ":2: 'later' is not an offset in seconds"),
        ("offset\n0.1\n-1\n", ":3: '-1' is not an offset in seconds"),
        ("0\nnan\n", ":2: 'nan' is not an offset in seconds"),
        ("0\n2\n1\n", ":3: 1 is before 2, the line above it"),
        ("0\n1,5\n", ":2: '1,5' is not an offset in seconds"),
        ("offset\n", ": no arrivals"),
        ("0\n1764460800\n", ":2: 1764460800 is over 86,400 seconds: offsets count from the start of the trace"),
    ],
)
def test_a_wrong_trace_is_refused_with_file_line_and_mistake(tmp_path: Path, text: str, mistake: str) -> None:
    path = trace(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        read_trace(path)
    assert str(refused.value) == f"{path}{mistake}"
