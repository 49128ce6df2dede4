"""The contract's own tests as a gate: what comes too late among many is asked once more alone, and nothing else is."""

from pathlib import Path

import pytest

from loadtests.contract_gate import contract_checks
from loadtests.parity import Parity

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
    assert kept(tmp_path, CHECKS.format(right=3)) == Parity(3, [], asked_alone=0)


def test_what_came_too_late_beside_others_is_asked_once_more_alone(tmp_path: Path) -> None:
    found = kept(tmp_path, CHECKS.format(right=200), late(tmp_path, 2, alone=False))
    assert found == Parity(202, [], asked_alone=2)
    assert asked(tmp_path) == {"xx"}


def test_what_is_late_alone_too_has_failed(tmp_path: Path) -> None:
    found = kept(tmp_path, CHECKS.format(right=200), late(tmp_path, 1, alone=True))
    assert (found.checks, found.asked_alone) == (201, 1)
    assert found.failed == ["test_late[0]: tests.contract.client.TooLate: pending"]


@pytest.mark.parametrize(
    ("right", "more", "failures"),
    [(200, WRONG, 2), (50, "", 1)],
    ids=["where something is wrong", "where more than one of a hundred is late"],
)
def test_nothing_is_asked_again(tmp_path: Path, right: int, more: str, failures: int) -> None:
    found = kept(tmp_path, CHECKS.format(right=right), late(tmp_path, 1, alone=False), more)
    assert (len(found.failed), found.asked_alone) == (failures, 0)
    assert asked(tmp_path) == {"x"}


def test_a_run_that_breaks_off_is_a_failed_check(tmp_path: Path) -> None:
    found = kept(tmp_path, "import nothing_of_that_name\n")
    assert found.failed != []
