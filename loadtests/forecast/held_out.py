"""Checks of the queueing formulas on rates measured here: fitted on every other rate of `capacity`, predicting those between.

Three figures are fitted for each side: p50 and p95 without waiting, and the highest goodput. A side is a queue with two servers,
one for each core.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from loadtests.forecast.checks import Check, published
from loadtests.forecast.queueing import Floats, waiting

CORES = 2
LOW = 0.5  # utilisation up to which a fitted rate shows the time without waiting
KNEE, TOLERANCES = 0.15, {50: 0.15, 95: 0.25}
Row = dict[str, str]


def held_out_rates() -> Iterator[Check]:
    """Predict p50 and p95 of the rates that were not fitted, and the knee."""
    source, rows = published("capacity")
    for (run, side), group in groupby(rows, key=lambda row: (row["run"], row["side"])):
        yield from held_out(list(group), f"{run}, {side}", source)


def held_out(rows: Sequence[Row], name: str, source: str) -> Iterator[Check]:
    """Return the checks of one side of a run. rows: of rising rates, with the knee and the limit of p95."""
    fitted, others = rows[::2], rows[1::2]
    most = max(float(row["goodput"]) for row in fitted)
    calm = [row for row in fitted if float(row["rate"]) <= LOW * most] or list(fitted[:1])
    base = {point: _without_waiting(calm, most, point) for point in TOLERANCES}
    for row in (row for row in others if float(row["rate"]) < most):  # above it there is no equilibrium
        for point, tolerance in TOLERANCES.items():
            label = f"{name}, {float(row['rate']):.4g} requests/s, p{point} ms"
            predicted = base[point] + float(_wait_ms(float(row["rate"]), most, point))
            yield Check(
                name=label, source=source, predicted=predicted, observed=_measured(row, point), tolerance=tolerance
            )
    rates = np.linspace(0, most, 1000, endpoint=False)
    within = base[95] + _wait_ms(rates, most, 95) < float(rows[0]["limit_ms"])
    knee, observed = float(rates[within].max()), float(rows[0]["knee"])
    yield Check(name=f"{name}, knee", source=source, predicted=knee, observed=observed, tolerance=KNEE)


def _without_waiting(rows: Sequence[Row], most: float, point: int) -> float:
    return float(np.mean([_measured(row, point) - _wait_ms(float(row["rate"]), most, point) for row in rows]))


def _measured(row: Row, point: int) -> float:
    return float(row[f"p{point}_ms"])


def _wait_ms(rate: Floats | float, most: float, point: float) -> Floats:
    return 1000 * waiting(rate, CORES / most, servers=CORES).percentile(point)
