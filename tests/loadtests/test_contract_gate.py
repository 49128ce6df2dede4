"""The contract's own tests as a gate: what comes too late among many is asked once more alone, and nothing else is."""

from pathlib import Path

import httpx
import pytest

from loadtests.contract_gate import contract_checks
from loadtests.parity import Parity
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


@pytest.mark.parametrize("number", range({right}))
def test_right(number):
    pass
"""

LATE = """

@pytest.mark.parametrize("number", range({late}))
def test_late(number):
    asked = Path({folder!r}) / f"asked-{{number}}"
    asked.write_text(asked.read_text() + "x" if asked.exists() else "x")
    if asked.read_text() in {late_when}:
        raise TooLate("pending")
"""

WRONG = """

def test_wrong():
    assert 1 == 2
"""


def kept(folder: Path, *parts: str) -> Parity:
    (folder / "conftest.py").write_text(OPTIONS)
    (folder / "test_planted.py").write_text("".join(parts))
    return contract_checks({"monolith": "http://127.0.0.1:1"}, {}, workers=2, tests=folder)


def late(folder: Path, number: int, *, alone: bool) -> str:
    """Tests that are late among others, and alone as well if so said."""
    return LATE.format(folder=str(folder), late=number, late_when=("x", "xx") if alone else ("x",))


def asked(folder: Path) -> set[str]:
    return {each.read_text() for each in folder.glob("asked-*")}


def test_what_is_right_is_asked_once(tmp_path: Path) -> None:
    assert kept(tmp_path, CHECKS.format(right=3)) == Parity(3, [], rechecked_alone=0)


def test_what_came_too_late_beside_others_is_asked_once_more_alone(tmp_path: Path) -> None:
    found = kept(tmp_path, CHECKS.format(right=200), late(tmp_path, 2, alone=False))
    assert found == Parity(202, [], rechecked_alone=2)
    assert asked(tmp_path) == {"xx"}


def test_what_is_late_alone_too_has_failed(tmp_path: Path) -> None:
    found = kept(tmp_path, CHECKS.format(right=200), late(tmp_path, 1, alone=True))
    assert (found.checks, found.rechecked_alone) == (201, 1)
    assert found.failed == ["test_late[0]: tests.contract.client.TooLate: pending"]


@pytest.mark.parametrize(
    ("right", "more", "failures"),
    [(200, WRONG, 2), (50, "", 1)],
    ids=["where something is wrong", "where more than one of a hundred is late"],
)
def test_nothing_is_asked_again(tmp_path: Path, right: int, more: str, failures: int) -> None:
    found = kept(tmp_path, CHECKS.format(right=right), late(tmp_path, 1, alone=False), more)
    assert (len(found.failed), found.rechecked_alone) == (failures, 0)
    assert asked(tmp_path) == {"x"}


def test_a_run_that_breaks_off_is_a_failed_check(tmp_path: Path) -> None:
    found = kept(tmp_path, "import nothing_of_that_name\n")
    assert found.failed != []


class Clock:
    """Time that passes only where somebody sleeps."""

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
    """Wait for what comes after so long, and return when it was seen."""

    def promise() -> float:
        assert clock.now >= after_s
        return clock.now

    return Api(httpx.Client(), patience=patience).eventually(promise)


@pytest.mark.parametrize("after_s", [0, 0.3, 4.9, 4.99])
def test_what_comes_in_its_time_is_seen(clock: Clock, after_s: float) -> None:
    assert after_s <= seen(clock, after_s=after_s) <= 5


@pytest.mark.parametrize("after_s", [5.1, LOST_AFTER_S])
def test_what_comes_after_its_time_is_late(clock: Clock, after_s: float) -> None:
    with pytest.raises(TooLate):
        seen(clock, after_s=after_s)


def test_what_never_comes_is_lost_and_not_late(clock: Clock) -> None:
    with pytest.raises(AssertionError) as lost:
        seen(clock, after_s=10**9)
    assert not isinstance(lost.value, TooLate)
    assert clock.now == pytest.approx(5 + LOST_AFTER_S)


def test_what_must_show_at_once_is_not_waited_for(clock: Clock) -> None:
    with pytest.raises(AssertionError) as missed:
        seen(clock, after_s=1, patience=0)
    assert not isinstance(missed.value, TooLate)
    assert clock.now == 0
