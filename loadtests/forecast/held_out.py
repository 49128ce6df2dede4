"""Checks of the queueing formulas on rates measured here: fitted on every other rate of `capacity`, predicting those between.

Three figures are fitted for each side: p50 and p95 without waiting, and the highest goodput. A side is a queue with two servers,
one for each core.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from loadtests.errors import UsageError
from loadtests.forecast.checks import PUBLISHED, Check, Row, read_table
from loadtests.forecast.queueing import Floats, waiting

CORES = 2
LOW = 0.5  # utilisation up to which a fitted rate shows the time without waiting
KNEE, TOLERANCES = 0.15, {50: 0.15, 95: 0.25}


def held_out_rates() -> Iterator[Check]:
    """Predict p50 and p95 of the rates that were not fitted, and the knee."""
    for (run, side), group in groupby(read_table("capacity"), key=lambda row: (row["run"], row["side"])):
        yield from held_out(list(group), f"{run}, {side}")


def held_out(rows: Sequence[Row], name: str) -> Iterator[Check]:
    """Return the checks of one side of a run. rows: of rising rates, with the knee and the limit of p95."""
    fitted, others = rows[::2], rows[1::2]
    most = max(float(row["goodput"]) for row in fitted)
    calm = [row for row in fitted if float(row["rate"]) <= LOW * most] or list(fitted[:1])
    base = {point: _without_waiting(calm, most, point) for point in TOLERANCES}
    for row in (row for row in others if float(row["rate"]) < most):  # above it there is no equilibrium
        for point, tolerance in TOLERANCES.items():
            predicted = base[point] + float(_wait_ms(float(row["rate"]), most, point))
            label = f"{name}, {float(row['rate']):.4g} requests/s, p{point} ms"
            yield Check(label, predicted, _measured(row, point), tolerance)
    rates = np.linspace(0, most, 1000, endpoint=False)
    within = base[95] + _wait_ms(rates, most, 95) < float(rows[0]["limit_ms"])
    yield Check(f"{name}, knee", float(rates[within].max()), float(rows[0]["knee"]), KNEE)


def add_run(report: Mapping[str, Any]) -> int:
    """Append the rates of a report's chapter `capacity` to the table, and return how many. Void rates are left out."""
    if not report.get("capacity"):
        raise UsageError("this report has no capacity; `python -m loadtests capacity` measures one")
    file = PUBLISHED / "capacity.csv"
    number = 1 + len({row["run"] for row in read_table("capacity")})
    limit_ms = report["capacity"]["slo"].removeprefix("p95<").partition("ms")[0]
    lines = [
        f"{scenario} {number},{side},{one['rate']},{one['goodput']},{one['p50_ms']},{one['p95_ms']},{found['knee']},{limit_ms}"
        for scenario, sides in report["capacity"]["scenarios"].items()
        for side, found in sides.items()
        for one in found["curve"]
        if one["outcome"] != "void"
    ]
    file.write_text(file.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def _without_waiting(rows: Sequence[Row], most: float, point: int) -> float:
    return float(np.mean([_measured(row, point) - _wait_ms(float(row["rate"]), most, point) for row in rows]))


def _measured(row: Row, point: int) -> float:
    return float(row[f"p{point}_ms"])


def _wait_ms(rate: Floats | float, most: float, point: float) -> Floats:
    return 1000 * waiting(rate, CORES / most, servers=CORES).percentile(point)
