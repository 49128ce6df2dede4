"""The contract tests as a parity check: only late effects run again, once and alone."""

from pathlib import Path

import httpx
import pytest

from loadtests.parity.contract import contract_checks, only_late
from loadtests.results import Parity
from tests.contract import client
from tests.contract.client import LOST_AFTER_S, Api, TooLate

OPTIONS = """
def pytest_addoption(parser):
    parser.addoption("--monolith-url")
"""

CHECKS = """
from pathlib import Path

import pytest

from tests.contract.client import TooLate

pytestmark = pytest.mark.live_api


@pytest.mark.parametrize("number", range({passing}))
def test_passing(number):
    pass
"""

LATE = """

@pytest.mark.parametrize("number", range(2))
def test_late(number):
    runs = Path({folder!r}) / f"runs-{{number}}"
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    if number == 0 or runs.read_text() == "x":
        raise TooLate("pending")
"""

TOO_LATE = "test_late[0]: tests.contract.client.TooLate: pending"


def check(folder: Path, *parts: str) -> Parity:
    (folder / "conftest.py").write_text(OPTIONS)
    (folder / "test_planted.py").write_text("".join(parts))
    return contract_checks({"monolith": "http://127.0.0.1:1"}, {}, workers=2, tests=folder)


def test_late_checks_run_once_more_alone_and_fail_if_they_are_late_again(tmp_path: Path) -> None:
    parity = check(tmp_path, CHECKS.format(passing=200), LATE.format(folder=str(tmp_path)))
    assert parity == Parity(202, [TOO_LATE], rechecked_alone=2)
    assert [(tmp_path / f"runs-{number}").read_text() for number in range(2)] == ["xx", "xx"]


@pytest.mark.parametrize(
    ("failed", "checks", "expected"),
    [
        ([TOO_LATE], 100, True),
        ([TOO_LATE, TOO_LATE], 100, False),
        ([TOO_LATE, "test_wrong: AssertionError"], 1_000, False),
        ([], 100, False),
    ],
)
def test_checks_run_again_only_if_at_most_one_in_a_hundred_failed_and_all_were_late(
    failed: list[str], checks: int, expected: bool
) -> None:
    assert only_late(Parity(checks, failed)) is expected


def test_a_test_run_that_breaks_off_is_a_failed_check(tmp_path: Path) -> None:
    assert check(tmp_path, "import nothing_of_that_name\n").failed != []


class Clock:
    """A clock that only `sleep` advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    return clock


def seen(clock: Clock, *, after_s: float, patience: float = 5) -> float:
    """Wait for an effect that is visible after so long. Return when it was seen."""

    def promise() -> float:
        assert clock.now >= after_s
        return clock.now

    return Api(httpx.Client(), patience=patience).eventually(promise)


@pytest.mark.parametrize("after_s", [0, 0.3, 4.9, 4.99])
def test_an_effect_in_time_is_seen(clock: Clock, after_s: float) -> None:
    assert after_s <= seen(clock, after_s=after_s) <= 5


@pytest.mark.parametrize("after_s", [5.1, LOST_AFTER_S])
def test_an_effect_after_its_time_is_late(clock: Clock, after_s: float) -> None:
    with pytest.raises(TooLate):
        seen(clock, after_s=after_s)


def test_an_effect_that_never_comes_is_lost_and_not_late(clock: Clock) -> None:
    with pytest.raises(AssertionError) as lost:
        seen(clock, after_s=10**9)
    assert not isinstance(lost.value, TooLate)
    assert clock.now == pytest.approx(5 + LOST_AFTER_S)


def test_an_immediate_effect_is_not_waited_for(clock: Clock) -> None:
    with pytest.raises(AssertionError) as missed:
        seen(clock, after_s=1, patience=0)
    assert not isinstance(missed.value, TooLate)
    assert clock.now == 0
