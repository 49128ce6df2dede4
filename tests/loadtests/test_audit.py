"""The consistency audit: every way in which an order can settle wrongly is counted."""

from typing import Any

import pytest

from loadtests.data import orders
from loadtests.data.audit import deviations
from loadtests.results import Audit

PLACED = "2026-01-02T03:04:05.678Z"
A_DAY_LATER, EIGHT_DAYS_LATER = "2026-01-03T03:04:07.100Z", "2026-01-10T03:04:07.100Z"


def order(status: str, reason: str | None, *lines: dict[str, Any]) -> dict[str, Any]:
    ordered = list(lines) or [orders.line("P1")]
    return {
        "id": "O1", "status": status, "reason": reason, "lines": ordered, "total_credits": orders.total_of(ordered),
        "created_at": PLACED,
    }  # fmt: skip


FULFILLED, UNPAID = (
    order("fulfilled", None),
    order("rejected", "insufficient_credits", orders.line("P1", "boost-7d", 3)),
)
UNKNOWN = order("rejected", "post_not_found", orders.line("P1"), orders.line(orders.NO_POST))
WEEK = order("fulfilled", None, orders.line("P1", "boost-7d"))
CASES: list[tuple[str, list[dict[str, Any]], int, str | None, Audit]] = [
    ("no order", [], 100, None, Audit()),
    ("one order of each outcome", [FULFILLED, UNPAID, UNKNOWN], 90, A_DAY_LATER, Audit()),
    ("boosts that add up", [FULFILLED, WEEK], 40, EIGHT_DAYS_LATER, Audit()),
    ("credits taken twice", [FULFILLED], 80, A_DAY_LATER, Audit(lost_or_doubled_credits=10)),
    ("credits never taken", [FULFILLED], 100, A_DAY_LATER, Audit(lost_or_doubled_credits=10)),
    ("credits not refunded", [UNKNOWN], 80, None, Audit(lost_or_doubled_credits=20)),
    ("a lost boost", [FULFILLED], 90, None, Audit(lost_or_doubled_boost_days=1)),
    ("a doubled boost", [WEEK], 50, "2026-01-16T03:04:07.100Z", Audit(lost_or_doubled_boost_days=7)),
    ("a boost for a refused order", [UNPAID], 100, A_DAY_LATER, Audit(lost_or_doubled_boost_days=1)),
    ("wrongly refused", [order("rejected", "insufficient_credits")], 100, None, Audit(wrong_orders=1)),
    (
        "refused for the wrong reason",
        [order("rejected", "insufficient_credits", orders.line(orders.NO_POST))], 100, None, Audit(wrong_orders=1),
    ),
    (
        "wrongly fulfilled",
        [order("fulfilled", None, orders.line("P1"), orders.line(orders.NO_POST))], 80, A_DAY_LATER,
        Audit(wrong_orders=1),
    ),
    ("never settled", [order("pending", None)], 100, None, Audit(unsettled_orders=1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("placed", "credits", "boosted_until", "expected"), [rest for _, *rest in CASES], ids=[name for name, *_ in CASES]
)
def test_deviations(placed: list[dict[str, Any]], credits: int, boosted_until: str | None, expected: Audit) -> None:
    assert deviations({"ada": placed}, {"ada": credits}, {"P1": boosted_until}) == expected
