"""The oracle counts effects that were lost or happened twice, and repeats a write until it is acknowledged."""

from time import monotonic, sleep

import pytest

from loadtests.data.world import Account
from loadtests.drill import oracle
from loadtests.drill.oracle import Oracle
from tests.loadtests.drill.planted_api import Content, planted

VOTERS = [Account(name, name) for name in "abcde"]
WRITES_WITHIN_S = 20.0
NOTHING = {"votes": 0, "orders": 0, "posts": 0, "unserved writes": 0}


def written(url: str) -> Oracle:
    """Return an oracle whose writes were all answered: a vote of each voter and more, posts and orders."""
    witness = oracle.begin(url, "test")
    deadline = monotonic() + WRITES_WITHIN_S
    with witness.writing(VOTERS, rate=400):
        while (len(witness.votes) < len(VOTERS) or len(witness.orders) < 4) and monotonic() < deadline:
            sleep(0.01)
    return witness


@pytest.mark.parametrize(
    ("fault", "deviation"),
    [("", {}), ("a lost vote", {"votes": 1}), ("a doubled order", {"orders": 4}), ("a lost post", {"posts": 4})],
    ids=["no fault", "a lost vote", "a doubled order", "a lost post"],
)
def test_a_lost_or_doubled_effect_is_counted(fault: str, deviation: dict[str, int]) -> None:
    with planted(Content(fault)) as url:
        witness = written(url)
        witness.patience_s = 0.3
        found = witness.await_effects()
    assert {kind: count > 0 for kind, count in found.items()} == {kind: kind in deviation for kind in NOTHING}


def test_a_refused_write_is_repeated_and_its_answers_are_counted() -> None:
    with planted(Content(refuse=7)) as url:
        witness = written(url)
        assert witness.await_effects() == NOTHING
    assert witness.counts()["503 with Retry-After"] == 7


def test_a_write_that_is_never_acknowledged_is_counted() -> None:
    with planted(Content(refuse=10_000)) as url:
        witness = oracle.begin(url, "test")
        witness.patience_s = 0.3
        with witness.writing(VOTERS, rate=400):
            pass
        assert witness.await_effects()["unserved writes"] > 0
