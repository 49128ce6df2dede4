"""Books that do not add up are found: each way in which an order can settle wrongly."""

from typing import Any

import pytest

from loadtests.data import orders
from loadtests.data.ledger import Ledger, books

PLACED = "2026-01-02T03:04:05.678Z"
A_DAY_LATER, EIGHT_DAYS_LATER = "2026-01-03T03:04:07.100Z", "2026-01-10T03:04:07.100Z"


def order(status: str, reason: str | None, *lines: dict[str, Any]) -> dict[str, Any]:
    kept = list(lines) or [orders.line("P1")]
    return {
        "id": "O1", "status": status, "reason": reason, "lines": kept, "total_credits": orders.total_of(kept),
        "created_at": PLACED,
    }  # fmt: skip


FULFILLED, UNPAID = (
    order("fulfilled", None),
    order("rejected", "insufficient_credits", orders.line("P1", "boost-7d", 3)),
)
UNKNOWN = order("rejected", "post_not_found", orders.line("P1"), orders.line(orders.NO_POST))
WEEK = order("fulfilled", None, orders.line("P1", "boost-7d"))
CASES: list[tuple[str, list[dict[str, Any]], int, str | None, Ledger]] = [
    ("nothing ordered", [], 100, None, Ledger()),
    ("one of each outcome", [FULFILLED, UNPAID, UNKNOWN], 90, A_DAY_LATER, Ledger()),
    ("boosts that add up", [FULFILLED, WEEK], 40, EIGHT_DAYS_LATER, Ledger()),
    ("credits taken twice", [FULFILLED], 80, A_DAY_LATER, Ledger(lost_or_doubled_credits=10)),
    ("credits never taken", [FULFILLED], 100, A_DAY_LATER, Ledger(lost_or_doubled_credits=10)),
    ("credits not given back", [UNKNOWN], 80, None, Ledger(lost_or_doubled_credits=20)),
    ("a boost lost", [FULFILLED], 90, None, Ledger(lost_or_doubled_boost_days=1)),
    ("a boost given twice", [WEEK], 50, "2026-01-16T03:04:07.100Z", Ledger(lost_or_doubled_boost_days=7)),
    ("a boost for a refused order", [UNPAID], 100, A_DAY_LATER, Ledger(lost_or_doubled_boost_days=1)),
    ("refused and should not be", [order("rejected", "insufficient_credits")], 100, None, Ledger(wrong_orders=1)),
    (
        "refused for the wrong reason",
        [order("rejected", "insufficient_credits", orders.line(orders.NO_POST))], 100, None, Ledger(wrong_orders=1),
    ),
    (
        "fulfilled and should not be",
        [order("fulfilled", None, orders.line("P1"), orders.line(orders.NO_POST))], 80, A_DAY_LATER,
        Ledger(wrong_orders=1),
    ),
    ("never settled", [order("pending", None)], 100, None, Ledger(unsettled_orders=1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "left", "until", "found"), [rest for _, *rest in CASES], ids=[name for name, *_ in CASES]
)
def test_the_books(known: list[dict[str, Any]], left: int, until: str | None, found: Ledger) -> None:
    assert books({"ada": known}, {"ada": left}, {"P1": until}) == found
