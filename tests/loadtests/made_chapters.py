"""Made figures of the chapters that the first screen reads, small enough to check by hand."""

from typing import Any

from loadtests.results import SIDES

Figures = dict[str, Any]


def chapters() -> Figures:
    """Return the chapters latency, bill, scale and complexity of a report, and its audit."""
    return {
        "latency": {
            "region": "us-east-1",
            "headline": {"read a post": _sides(6.0, 21.0), "search": _sides(8.0, 56.0)},
            "freshness": {"vote_to_post_score": _sides(0.0, 382.0, p99=(0.0, 737.0))},
        },
        "bill": {
            "region": "us-east-1",
            "like_for_like": "two zones",
            "traffic": {"name": "50rps flat", "peak": 50.0, "duty": 1.0},
            "unverified": [],
            "forms": [
                {"form": "two zones", "idle": 96.0, "month": 136.0, "break_even": 4.8, "interval": (2.9, 6.4)},
                {"form": "functions", "idle": 21.0, "month": 811.0},
            ],
        },
        "scale": {
            "region": "us-east-1",
            "limits": [
                _limit("monolith", 12_000, "server workers", "A larger server. It has more processors."),
                _limit("microservices", 30_000, "requests a second of the gateway", "a quota request"),
                _limit("monolith", 90_000, "connections of the database", "a pool"),
            ],
        },
        "complexity": {
            "totals": [
                {"side": SIDES[0], "lines": 1_700, "templates": 400, "units": 1},
                {"side": SIDES[1], "lines": 2_700, "templates": 2_800, "units": 11},
            ],
            "change_cost": [
                {"change": change, "side": side, "releases": str(releases)}
                for change, of in {"a field": (1, 6), "a rule": (1, 3)}.items()
                for side, releases in zip(SIDES, of, strict=True)
            ],
        },
        "after_the_load": {"lost_or_doubled_votes": dict(zip(SIDES, (0, 3), strict=True))},
    }


def _sides(*p50_ms: float, p99: tuple[float, float] = (9.0, 99.0)) -> Figures:
    return {side: {"p50_ms": p50, "p99_ms": last} for side, p50, last in zip(SIDES, p50_ms, p99, strict=True)}


def _limit(side: str, users: float, what: str, lifted_by: str) -> Figures:
    return {"side": side, "users": users, "what": what, "lifted_by": lifted_by}
