"""Simulations that follow every request: the reference for the formulas of queueing.py and the steps of day.py."""

from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np
from numpy.typing import NDArray

from loadtests.forecast.queueing import Floats


def simulate_waiting(arrivals: Floats, services: Floats, *, servers: int) -> Floats:
    """Return the wait of each request of G/G/c, first come, first served (Kiefer and Wolfowitz), request by request."""
    free_at = [float(arrivals[0])] * servers
    heapify(free_at)
    waits = np.empty(len(arrivals))
    for index, (arrival, service) in enumerate(zip(arrivals.tolist(), services.tolist(), strict=True)):
        start = max(arrival, free_at[0])
        waits[index] = start - arrival
        heapreplace(free_at, start + service)
    return waits


@dataclass(frozen=True, slots=True)
class Pool:
    """What each request meets. is_cold: whether it starts an environment. environments: those before it, busy or idle."""

    is_cold: NDArray[np.bool_]
    environments: NDArray[np.int64]


def simulate_pool(arrivals: Floats, services: Floats, expiry_s: float) -> Pool:
    """Return cold starts and environments of a trace, by the rule of `warm_pool` without its formula."""
    ends, count = np.sort(services + arrivals), np.arange(len(arrivals))
    busy = count + 1 - np.searchsorted(ends, arrivals, side="right")
    first = np.searchsorted(arrivals, arrivals - expiry_s)
    at_first = first - np.searchsorted(ends, arrivals - expiry_s, side="right")  # busy at the start of the window
    pool = np.maximum(_window_maxima(busy, first), at_first)
    return Pool(busy > pool, np.maximum(pool, busy - 1))


def _window_maxima(values: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each index the maximum of values[first:index], 0 if that is empty, from maxima of powers of two."""
    index = np.arange(len(values))
    length = index - first
    maxima, result, size = values, np.zeros_like(values), 1
    while size <= length.max(initial=0):
        chosen = (length >= size) & (length < 2 * size)
        result[chosen] = np.maximum(maxima[first[chosen]], maxima[index[chosen] - size])
        maxima = np.maximum(maxima[:-size], maxima[size:]) if len(maxima) > size else maxima[:0]
        size *= 2
    return result
