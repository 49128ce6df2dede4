"""Checks of the models on results that others measured and published, and on rates measured here. None is an input of a forecast.

A model gets only the inputs that published/checks.yaml names. The tables are in published/, each with its source.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import NormalDist, mean
from typing import NamedTuple

import numpy as np

from loadtests.forecast import parameters
from loadtests.forecast.latency import Model, quantiles
from loadtests.forecast.parameters import Figure, Parameters
from loadtests.forecast.queueing import Floats, WarmPool, mean_elapsed_ms, waiting, warm_pool

PUBLISHED = Path(__file__).with_name("published")
ROUNDING_MS = 0.5  # Lambda rounds each duration up to a millisecond
EXACT, TIME, TAIL = 0.02, 0.15, 0.25  # tolerances
CORES = 2
LOW = 0.5  # utilisation up to which a fitted rate shows the time without waiting
KNEE, TOLERANCES = 0.15, {50: 0.15, 95: 0.25}
Row = Mapping[str, str]


class Check(NamedTuple):
    """A prediction and an observation. tolerance: the largest relative difference; absolute if `is_absolute`.

    Without one of observed and tolerance it is a figure for the reader, neither in nor out.
    """

    name: str
    predicted: float
    observed: float | None
    tolerance: float | None
    is_absolute: bool = False

    @property
    def difference(self) -> float | None:
        """Return by how much the prediction is higher, as tolerance counts it."""
        if self.observed is None:
            return None
        return self.predicted - self.observed if self.is_absolute else self.predicted / self.observed - 1

    @property
    def holds(self) -> bool | None:
        """Return whether the difference is within the tolerance."""
        if self.difference is None or self.tolerance is None:
            return None
        return abs(self.difference) <= self.tolerance


def read_table(name: str) -> list[Row]:
    """Return the rows of a published table. Its first line is the source."""
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8") as file:
        return [*csv.DictReader(line for line in file if not line.startswith("#"))]


def price_by_memory() -> Iterator[Check]:
    """Compute dollars for a million invocations. The published region, us-east-2, has the prices of us-east-1."""
    prices = parameters.load("us-east-1")
    for row in read_table("cebert"):
        billed_ms = float(row["duration_ms"]) + float(row["init_ms"] or 0) + ROUNDING_MS
        gb_seconds = 1e6 * billed_ms / 1000 * float(row["memory_mb"]) / 1024
        name = "lambda.gb_seconds" if row["architecture"] == "arm64" else "lambda.gb_seconds_x86"
        dollars = prices.value("lambda.requests") + gb_seconds * prices.figure(name).tiers[0][1]
        yield Check(_cell(row), dollars, float(row["dollars"]), EXACT)


def time_by_memory() -> Iterator[Check]:
    """Predict durations at other memory sizes: long work from 2,048 MB, two store calls from 128 and 1,769 MB."""
    rows, figures = read_table("cebert"), parameters.load()
    of = {_cell(row): float(row["duration_ms"]) for row in rows}
    for row in (row for row in rows if row["start"] == "warm" and row["memory_mb"] not in ("128", "1769", "2048")):
        fixed_ms, cpu_ms = 0.0, of.get(_cell(row, 2048), 0.0)
        if row["workload"] == "light":
            slow_ms, whole_ms = of.get(_cell(row, 128)), of.get(_cell(row, 1769))
            if not slow_ms or not whole_ms:  # the table has empty cells
                continue
            cpu_ms = _cpu_ms(slow_ms - whole_ms, figures)
            fixed_ms = whole_ms - cpu_ms
        predicted = fixed_ms + mean_elapsed_ms(cpu_ms, float(row["memory_mb"]), figures)
        yield Check(_cell(row), predicted, of[_cell(row)], TIME)


def store_calls() -> Iterator[Check]:
    """Predict the mean duration of a function that writes and reads a batch of five items."""
    model = Model(parameters.load(), {})
    predicted = float(np.mean(model.draw("dynamodb.batch_write_item") + model.draw("dynamodb.batch_get_item")))
    for row in (row for row in read_table("cebert") if row["runtime"] == "rust"):
        yield Check(_cell(row), predicted, float(row["duration_ms"]), TAIL)


def init_tail() -> Iterator[Check]:
    """Predict the tail of INIT from its median, with the distribution that the first row's body gives."""
    rows = read_table("lambda-perf")
    body = {name: float(rows[0][name]) for name in ("p5", "p50", "p90")}
    fitted = Figure(unit="ms", read=parameters.load().figure("lambda.init_plain").read, percentiles=body)
    for row in rows:
        for point in (point for point in ("p95", "p99", "p99.9") if row[point]):
            predicted = float(quantiles(fitted, _deviate(point))) * float(row["p50"]) / body["p50"]
            name = f"{row['architecture']} {row['package']}, {row['memory_mb']} MB, {point} ms"
            yield Check(name, predicted, float(row[point]), TAIL)


def init_and_memory() -> Iterator[Check]:
    """Predict INIT at other memory sizes: as at 512 MB, because INIT always has whole processors."""
    rows = read_table("cebert")
    of = {_cell(row): float(row["init_ms"]) for row in rows if row["init_ms"]}
    for row in (row for row in rows if row["init_ms"] and row["memory_mb"] != "512"):
        yield Check(_cell(row), of[_cell(row, 512)], of[_cell(row)], TIME)


def two_hosts() -> Iterator[Check]:
    """Predict the tail of response times: the fastest, plus a lognormal time with the median and mean of the rest."""
    for row in read_table("thousandbeach"):
        fastest = float(row["fastest"])
        median, average = float(row["p50"]) - fastest, float(row["mean"]) - fastest
        spread = (2 * np.log(average / median)) ** 0.5
        for point in ("p90", "p95", "p99", "p99.9"):
            predicted = fastest + median * float(np.exp(spread * _deviate(point)))
            yield Check(f"{row['host']}, {point} ms", predicted, float(row[point]), TAIL)


def audited_ratios() -> Iterator[Check]:
    """Compute the published cost ratios from the trials' counts, then those with the charge for one invocation."""
    trials = read_table("sardar")
    for row in read_table("sardar-ratios"):
        of_success, of_invocation, charged = _cost_ratios([one for one in trials if one["workload"] == row["workload"]])
        yield Check(f"{row['workload']}, published: charge per success", of_success, float(row["published"]), EXACT)
        yield Check(f"{row['workload']}, corrected: charge per invocation", of_invocation, charged, EXACT)
    shares = sorted(float(row["invocations"]) / float(row["successes"]) for row in trials if row["invocations"])
    for label, share in (("lowest", shares[0]), ("highest", shares[-1])):
        yield Check(f"invocations over successes, {label} trial", share, None, None)


def quotients() -> Iterator[Check]:
    """Compute what follows from two figures of the authors."""
    for row in read_table("quotients"):
        stated, tolerance = (float(row[name]) if row[name] else None for name in ("stated", "tolerance"))
        yield Check(row["name"], float(row["first"]) / float(row["second"]), stated, tolerance)


def cold_starts() -> Iterator[Check]:
    """Predict the share of cold starts of each run, within two of its published standard errors."""
    for row, pool in _pools():
        tolerance = 2 * float(row["standard_error"])
        yield Check(_rate(row), pool.cold_share, float(row["cold_share"]), tolerance, is_absolute=True)


def environments() -> Iterator[Check]:
    """Predict the mean number of environments of each run."""
    for row, pool in _pools():
        yield Check(_rate(row), pool.environments, float(row["environments"]), TIME)


def held_out_rates() -> Iterator[Check]:
    """Fit every other rate of `capacity`, and predict p50 and p95 of those between, and the knee."""
    for (run, side), group in groupby(read_table("capacity"), key=lambda row: (row["run"], row["side"])):
        yield from held_out(list(group), f"{run}, {side}")


def held_out(rows: Sequence[Row], name: str) -> Iterator[Check]:
    """Return the checks of one side of a run: a queue with a server for each core, with p50 and p95 without waiting and the highest
    goodput as fitted. rows: of rising rates, with the knee and the limit of p95."""
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


CHECKS = (
    cold_starts, environments, time_by_memory, store_calls, init_tail, init_and_memory, two_hosts, price_by_memory,
    audited_ratios, quotients, held_out_rates,
)  # fmt: skip


def _pools() -> Iterator[tuple[Row, WarmPool]]:
    expiry_s = parameters.load().value("lambda.idle_expiry")
    for row in read_table("simfaas"):
        yield row, warm_pool(float(row["rate"]), float(row["warm_ms"]) / 1000, expiry_s)


def _rate(row: Row) -> str:
    return f"{float(row['rate']):.3g} requests/s"


def _cost_ratios(trials: Sequence[Row]) -> tuple[float, float, float]:
    """Return functions over server, from counts and prices: per success, per invocation; the latter also from their charges."""
    price = {name: float(text) for name, text in read_table("sardar-prices")[0].items()}
    hour = price["ec2_hour"] + price["gp3_gb_month"] * price["gp3_gb"] / price["month_hours"] + price["ipv4_hour"]
    servers, functions = ([row for row in trials if row["side"] == side] for side in ("EC2", "SVL"))
    server = mean(hour * float(row["seconds"]) / 3600 / float(row["successes"]) for row in servers)
    charges = [
        float(row["invocations"]) * price["lambda_million_requests"] / 1e6
        + float(row["gb_seconds"]) * price["lambda_gb_second"]
        + float(row["gateway_requests"]) * price["gateway_million_requests"] / 1e6
        for row in functions
    ]
    theirs, for_server = ([float(row["dollars"]) for row in rows] for rows in (functions, servers))
    of_success, of_invocation = (_per(charges, functions, count) / server for count in ("successes", "invocations"))
    return of_success, of_invocation, _per(theirs, functions, "invocations") / _per(for_server, servers, "successes")


def _per(charges: Sequence[float], trials: Sequence[Row], count: str) -> float:
    """Return the mean over trials of a charge for one of something."""
    return mean(charge / float(row[count]) for charge, row in zip(charges, trials, strict=True))


def _cpu_ms(slower_ms: float, figures: Parameters) -> float:
    """Return the processor time that takes so much longer at 128 MB than with a whole processor."""
    candidates = np.arange(0.05, 100, 0.05)
    slowdowns = np.array([mean_elapsed_ms(float(each), 128, figures) - each for each in candidates])
    return float(candidates[np.abs(slowdowns - slower_ms).argmin()])


def _cell(row: Row, memory_mb: int | None = None) -> str:
    memory = memory_mb or row["memory_mb"]
    return f"{row['run']} {row['workload']} {row['start']}, {row['runtime']} {row['architecture']}, {memory} MB"


def _deviate(point: str) -> Floats:
    return np.asarray(NormalDist().inv_cdf(float(point[1:]) / 100))


def _without_waiting(rows: Sequence[Row], most: float, point: int) -> float:
    return float(np.mean([_measured(row, point) - _wait_ms(float(row["rate"]), most, point) for row in rows]))


def _measured(row: Row, point: int) -> float:
    return float(row[f"p{point}_ms"])


def _wait_ms(rate: Floats | float, most: float, point: float) -> Floats:
    return 1000 * waiting(rate, CORES / most, servers=CORES).percentile(point)
