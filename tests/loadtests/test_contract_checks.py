"""The contract tests as a parity check: only late effects run again, once and alone."""

from pathlib import Path

import httpx
import pytest

from loadtests.parity.contract import contract_checks
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

@pytest.mark.parametrize("number", range({late}))
def test_late(number):
    runs = Path({folder!r}) / f"runs-{{number}}"
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    if runs.read_text() in {late_when}:
        raise TooLate("pending")
"""

WRONG = """

def test_wrong():
    assert 1 == 2
"""


def check(folder: Path, *parts: str) -> Parity:
    (folder / "conftest.py").write_text(OPTIONS)
    (folder / "test_planted.py").write_text("".join(parts))
    return contract_checks({"monolith": "http://127.0.0.1:1"}, {}, workers=2, tests=folder)


def late(folder: Path, number: int, *, alone: bool) -> str:
    """Return tests that are late under parallel load, and with `alone` also without."""
    return LATE.format(folder=str(folder), late=number, late_when=("x", "xx") if alone else ("x",))


def runs_of_late_tests(folder: Path) -> set[str]:
    return {each.read_text() for each in folder.glob("runs-*")}


def test_late_checks_run_once_more_alone(tmp_path: Path) -> None:
    parity = check(tmp_path, CHECKS.format(passing=200), late(tmp_path, 2, alone=False))
    assert parity == Parity(202, [], rechecked_alone=2)
    assert runs_of_late_tests(tmp_path) == {"xx"}


def test_a_check_that_is_late_alone_has_failed(tmp_path: Path) -> None:
    parity = check(tmp_path, CHECKS.format(passing=200), late(tmp_path, 1, alone=True))
    assert (parity.checks, parity.rechecked_alone) == (201, 1)
    assert parity.failed == ["test_late[0]: tests.contract.client.TooLate: pending"]


@pytest.mark.parametrize(
    ("passing", "more", "failures"),
    [(200, WRONG, 2), (50, "", 1)],
    ids=["if a check is wrong", "if more than one in a hundred is late"],
)
def test_nothing_runs_again(tmp_path: Path, passing: int, more: str, failures: int) -> None:
    parity = check(tmp_path, CHECKS.format(passing=passing), late(tmp_path, 1, alone=False), more)
    assert (len(parity.failed), parity.rechecked_alone) == (failures, 0)
    assert runs_of_late_tests(tmp_path) == {"x"}


def test_a_test_run_that_breaks_off_is_a_failed_check(tmp_path: Path) -> None:
    assert check(tmp_path, "import nothing_of_that_name\n").failed != []


class Clock:
    """A clock that only sleep moves."""

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
