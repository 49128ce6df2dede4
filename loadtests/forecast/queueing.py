"""Formulas for the forecasts of latency, bill and scale: waits, warm pools, and work on a part of a processor.

They take and return NumPy arrays, so a day of one-second steps is one call. Times are in seconds, rates in events a second.

Lambda grants a function with little memory a share of each period of 20 ms: code runs at full speed until the share is used up,
then it pauses until the next period. So long work is slowed down in proportion to the share; work that fits into one share is not.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadtests.forecast.parameters import Parameters

Floats = NDArray[np.float64]
LOADS = np.geomspace(1e-8, 1e4, 97)  # arrival rate × service time of the grid of warm pools
LOG_LOADS = np.log(LOADS)
PHASES = 64  # for a mean over all places in a period at which work may start


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waiting in a queue. A queue with utilisation of 1 or more has no equilibrium: probability 1, infinite mean."""

    utilisation: Floats
    probability: Floats
    mean_s: Floats

    def percentile(self, point: float) -> Floats:
        """Return a percentile. The time of those that wait is taken as exponential, which is exact for M/M/c."""
        if_waiting = np.divide(
            self.mean_s, self.probability, out=np.zeros_like(self.mean_s), where=self.probability > 0
        )
        beyond = np.maximum(self.probability / (1 - point / 100), 1)
        return if_waiting * np.log(beyond)


@dataclass(frozen=True, slots=True)
class WarmPool:
    """Execution environments of a function. environments: their mean number, busy or idle."""

    cold_share: float
    environments: float


def erlang_c(load: ArrayLike, servers: int) -> Floats:
    """Return the probability that an arrival waits in M/M/c. load: arrival rate × service time."""
    load = np.asarray(load, dtype=np.float64)
    blocked: Floats = np.ones_like(load)
    for server in range(1, servers + 1):  # Erlang B, by its recursion
        blocked = load * blocked / (server + load * blocked)
    free = 1 - load / servers
    return np.where(free > 0, blocked / (free + (1 - free) * blocked), 1.0)


def waiting(
    rate: ArrayLike, service_s: ArrayLike, *, servers: int = 1, service_cv2: float = 1.0, arrival_cv2: float = 1.0
) -> Waiting:
    """Return the waiting time of a queue with `servers` servers. cv2: squared coefficient of variation of the times.

    Exact for M/M/1, M/M/c and M/G/1 (Pollaczek and Khinchine); else the approximation of Allen and Cunneen, which scales
    the wait of M/M/c with the mean of both variations.
    """
    rate, service = np.asarray(rate, dtype=np.float64), np.asarray(service_s, dtype=np.float64)
    load: Floats = rate * service
    probability = erlang_c(load, servers)
    free = np.maximum(servers - load, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_s = np.where(free > 0, probability * service * (arrival_cv2 + service_cv2) / 2 / free, np.inf)
    return Waiting(load / servers, probability, mean_s)


def warm_pool(rate: float, service_s: float, expiry_s: float) -> WarmPool:
    """Return the cold share and the environments of a function with Poisson arrivals.

    Lambda gives each request an idle environment, the newest first, or starts one. An idle one ends after `expiry_s`. So the
    pool is as large as the highest concurrency of the last `expiry_s`, and a cold start is an arrival that exceeds it. The
    concurrency is Poisson distributed. It returns to a level k after a time that is taken as exponential, with the mean
    of the birth-death process.
    """
    load = rate * service_s
    if load <= 0:
        return WarmPool(cold_share=1.0, environments=0.0)
    levels = np.arange(int(load + 10 * load**0.5 + 12))
    log_factorials = np.cumsum(np.log(np.maximum(levels, 1)))
    busy = np.exp(levels * np.log(load) - load - log_factorials)
    usual = int(load)
    up_s = np.cumsum(busy)[usual:] / (rate * busy[usual:])  # mean time from n busy environments to n + 1
    reach_s = np.cumsum(up_s)  # from the usual concurrency
    missed = np.exp(-expiry_s / reach_s)  # probability that a level is not reached within the expiry
    return WarmPool(
        cold_share=float(np.sum(busy[usual:] * up_s / reach_s * missed)),
        environments=float(usual + np.sum(1 - missed)),
    )


def cold_share(rate: Floats, service_s: float, expiry_s: float) -> Floats:
    """Return the cold shares of `warm_pool` at many rates, interpolated between those at the loads of a grid."""
    shares, _ = _pools(service_s, expiry_s)
    return np.asarray(np.exp(np.interp(_log_load(rate, service_s), LOG_LOADS, shares)))


def environments(rate: Floats, service_s: float, expiry_s: float) -> Floats:
    """Return the environments of `warm_pool` at many rates, interpolated. Beyond the grid they grow in proportion to the load."""
    _, for_each_busy = _pools(service_s, expiry_s)
    return np.asarray(rate * service_s * np.exp(np.interp(_log_load(rate, service_s), LOG_LOADS, for_each_busy)))


def share_of(memory_mb: float, parameters: Parameters) -> float:
    """Return the share of a processor that one thread of a function gets."""
    return min(1.0, memory_mb / parameters.value("lambda.mb_per_vcpu"))


def elapsed_ms(cpu_ms: float, share: float, *, period_ms: float, phases: Floats) -> Floats:
    """Return how long one piece of work takes. phases: where in a period it starts, from 0 to 1, with its share unused."""
    if share >= 1:
        return np.full_like(phases, cpu_ms)
    quota, left = share * period_ms, (1 - phases) * period_ms
    rest = cpu_ms - np.minimum(quota, left)  # after the period in which it starts
    pauses = np.ceil(rest / quota) - 1
    return np.where(rest > 0, left + pauses * period_ms + rest - pauses * quota, cpu_ms)


def mean_elapsed_ms(cpu_ms: float, memory_mb: float, parameters: Parameters) -> float:
    """Return the mean duration of work that starts anywhere in a period."""
    return _mean_ms(cpu_ms, share_of(memory_mb, parameters), parameters.value("lambda.cpu_period"))


def _log_load(rate: Floats, service_s: float) -> Floats:
    return np.asarray(np.log(np.maximum(rate * service_s, LOADS[0])))


@cache
def _pools(service_s: float, expiry_s: float) -> tuple[Floats, Floats]:
    """Return the logarithms of cold share and of environments for each busy one, at each of the loads."""
    pools = [warm_pool(load / service_s, service_s, expiry_s) for load in LOADS]
    shares, sizes = np.array([(each.cold_share, each.environments) for each in pools]).T
    return np.log(shares), np.log(sizes / LOADS)


@cache  # a bill with its sensitivity needs the same means a hundred times
def _mean_ms(cpu_ms: float, share: float, period_ms: float) -> float:
    phases = (np.arange(PHASES) + 0.5) / PHASES
    return float(elapsed_ms(cpu_ms, share, period_ms=period_ms, phases=phases).mean())
