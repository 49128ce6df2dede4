"""How much of its processors a virtual machine does not get: what the host gives to others, as Linux counts it (steal).

A machine that pays for its speed with credits is slowed down this way once they are used up.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from loadtests.results import Results

_ALL = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")  # guest time is in user


@contextmanager
def noted(results: Results) -> Iterator[None]:
    """Note in the results which share of the processors was taken away while the block lasts; nothing where nobody counts it."""
    before = psutil.cpu_times()
    try:
        yield
    finally:
        after = psutil.cpu_times()
        if hasattr(after, "steal"):
            spent = {name: getattr(after, name) - getattr(before, name) for name in _ALL}
            results.stolen = spent["steal"] / (sum(spent.values()) or 1)
