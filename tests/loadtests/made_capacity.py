"""A chapter of capacity with made-up figures."""

from typing import Any

from loadtests.results import SIDES

ORIGINS = dict(zip(SIDES, ("measured", "emulated"), strict=True))
KNEES = dict(zip(SIDES, (300.0, 120.0), strict=True))


def chapter(*, knees: dict[str, float] | None = None, **changed: Any) -> dict[str, Any]:
    """Return the figures of a search on one scenario. knees: by side."""
    sides = {side: one_side(side, knee) for side, knee in (KNEES if knees is None else knees).items()}
    return {
        "slo": "p95<250ms,errors<0.1%", "scenarios": {"browse": sides}, "complete": True, "ended_by": "", **changed,
    }  # fmt: skip


def one_side(side: str, knee: float) -> dict[str, Any]:
    """Return the figures of one side that broke at a twentieth above its knee."""
    return {
        "knee": knee, "low": 0.9 * knee, "high": 1.05 * knee, "bound": "", "origin": ORIGINS[side],
        "ended": f"at {1.05 * knee:.0f} a second p95 300 ms, over 250 ms",
        "curve": [_point(share * knee, share) for share in (0.125, 0.25, 0.5, 0.95, 1.05)],
        "saturated": "Nothing measured was saturated.",
    }  # fmt: skip


def _point(rate: float, share: float) -> dict[str, Any]:
    p95 = 20.0 if share < 1 else 300.0
    return {
        "rate": rate, "goodput": rate / max(1, share), "p50_ms": p95 / 3, "p95_ms": p95, "p99_ms": 2 * p95,
        "errors_percent": 0.0, "refused_percent": 0.0, "dropped_percent": 0.0, "probes": 3,
        "outcome": "held" if share < 1 else "broken",
    }  # fmt: skip
