"""How long a function needs for its processor time, when its memory gives it less than a whole processor.

Lambda grants a share of each period of 20 ms: code runs at full speed until the share is used up, then it pauses until the next
period. So long work is slowed down in proportion to the share, and short work that fits into one share is not slowed down at all.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from loadtests.forecast.parameters import Parameters

Floats = NDArray[np.float64]
PHASES = 64  # for a mean over all places in a period at which work may start


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


@cache  # a bill with its sensitivity needs the same means a hundred times
def _mean_ms(cpu_ms: float, share: float, period_ms: float) -> float:
    phases = (np.arange(PHASES) + 0.5) / PHASES
    return float(elapsed_ms(cpu_ms, share, period_ms=period_ms, phases=phases).mean())
