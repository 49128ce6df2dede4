"""A service level as text: what is understood, what is not, and when a rate keeps it."""

import pytest

from loadtests.capacity.slo import NotUnderstood, Pool, Term, parsed
from loadtests.histograms import encoded, histogram_of
from loadtests.load import BlockResult


def block(*latencies_ms: float, errors: int = 0, refused: int = 0, dropped: int = 0) -> BlockResult:
    return BlockResult(
        offered=len(latencies_ms) + errors + refused + dropped, succeeded=len(latencies_ms), errors=errors, refused=refused,
        dropped=dropped, latencies=encoded(histogram_of(latencies_ms)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("p95<250ms", [Term("p95", 250)]),
        ("p99.9<1.5s", [Term("p99.9", 1500)]),
        (" p50 < 20 ms , errors < 0.1 % ", [Term("p50", 20), Term("errors", 0.1)]),
        ("refused<5%,dropped<2%,p99<1s", [Term("refused", 5), Term("dropped", 2), Term("p99", 1000)]),
    ],
)
def test_what_is_understood(text: str, terms: list[Term]) -> None:
    assert list(parsed(text).named) == terms


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("p95", "'p95'"),
        ("p95<250", "'p95<250'"),
        ("p95<250ms,", "''"),
        ("p95<250ms,errors<0.1", "'errors<0.1'"),
        ("p95<0.1%", "'p95<0.1%'"),
        ("errors<250ms", "'errors<250ms'"),
        ("p49<1s", "'p49<1s'"),
        ("p100<1s", "'p100<1s'"),
        ("p99.95<1s", "'p99.95<1s'"),
        ("p95>250ms", "'p95>250ms'"),
        ("mean<250ms", "'mean<250ms'"),
        ("p95<0ms", "'p95<0ms'"),
        ("errors<0%", "'errors<0%'"),
        ("errors<101%", "'errors<101%'"),
        ("p95<1e3ms", "'p95<1e3ms'"),
        (f"p95<{'9' * 400}ms", "'p95<9"),
        ("p95<250ms,p95<1s", "p95 twice"),
    ],
)
def test_what_is_not_understood_is_named_in_one_line(text: str, named: str) -> None:
    with pytest.raises(NotUnderstood) as wrong:
        parsed(text)
    assert named in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "twice" in named or "p95<250ms" in str(wrong.value)


def test_a_level_is_kept_only_below_its_limits() -> None:
    level = parsed("p50<20ms,errors<10%")
    assert level.broken(Pool([block(*[10.0] * 95, errors=5)])) == []
    assert level.broken(Pool([block(*[25.0] * 95, errors=5)])) == ["p50 25 ms, over 20 ms"]
    assert level.broken(Pool([block(*[10.0] * 90, errors=10)])) == ["errors 10 %, over 10 %"]
    assert level.broken(Pool([block(*[20.0] * 100)])) == ["p50 20 ms, over 20 ms"]


def test_what_a_level_is_silent_about_may_hardly_happen() -> None:
    silent = parsed("p95<250ms")
    for kind in ("errors", "refused", "dropped"):
        assert silent.broken(Pool([block(*[1.0] * 995, **{kind: 5})])) == []
        assert silent.broken(Pool([block(*[1.0] * 900, **{kind: 100})])) == [f"{kind} 10 %, over 1 %"]
    assert parsed("p95<250ms,refused<20%").broken(Pool([block(*[1.0] * 900, refused=100)])) == []


def test_shares_are_judged_over_all_blocks_and_the_worst_term_counts() -> None:
    level = parsed("p50<20ms,errors<10%")
    pool = Pool([block(*[10.0] * 100), block(*[10.0] * 60, errors=40)])
    assert level.strain(pool) == pytest.approx(2.0)  # 20 % of errors, of 10 allowed
    assert level.strain(pool, [2, 0]) == pytest.approx(0.5, rel=0.01)  # 10 ms, of 20 allowed
    assert level.strain(pool, [0, 1]) == pytest.approx(4.0)


def test_one_block_that_was_held_up_does_not_break_a_rate() -> None:
    pool = Pool([block(*[10.0] * 50), block(*[900.0] * 50), block(*[12.0] * 50)])
    assert parsed("p95<20ms").broken(pool) == []
    assert parsed("p95<20ms").strain(pool, [1, 2, 0]) == pytest.approx(45, rel=0.01)


def test_a_side_that_answers_nothing_keeps_no_level() -> None:
    assert parsed("p95<250ms").broken(Pool([block(errors=50)])) == ["errors 1e+02 %, over 1 %"]
