"""Percentiles and means of many draws of the same blocks, as a bootstrap needs them: laid out once, then a few sums each."""

from collections.abc import Sequence
from itertools import accumulate, compress
from math import exp, log

from hdrh.histogram import HdrHistogram

from loadtests.generator.latency import TICKS_PER_MS


class Blocks:
    """The histograms of some blocks. A draw is how often each block counts, in their order.

    Merging nine histograms and asking the sum takes 1.4 ms; this takes 0.02 ms, and gives the same.
    """

    def __init__(self, histograms: Sequence[HdrHistogram]) -> None:
        counted = [_counts(histogram) for histogram in histograms]
        self._ticks = sorted({ticks for counts in counted for ticks in counts})
        self._up_to = [list(accumulate(counts.get(ticks, 0) for ticks in self._ticks)) for counts in counted]
        self._totals = [sum(counts.values()) for counts in counted]
        self._logs = [sum(count * log(ticks / TICKS_PER_MS) for ticks, count in counts.items()) for counts in counted]

    def __len__(self) -> int:
        return len(self._up_to)

    def percentile_ms(self, percentile: float, draw: Sequence[int]) -> float:
        """Return the latency in milliseconds that this share of a draw stays within; 0.0 when the draw is empty."""
        drawn = [(times, up_to) for times, up_to in zip(draw, self._up_to, strict=True) if times]
        total = sum(times * up_to[-1] for times, up_to in drawn if up_to)
        if not total:
            return 0.0
        wanted = max(1, int(percentile * total / 100 + 0.5))  # rounds as HdrHistogram does
        low, high = 0, len(self._ticks) - 1
        while low < high:
            middle = (low + high) // 2
            enough = sum(times * up_to[middle] for times, up_to in drawn) >= wanted
            low, high = (low, middle) if enough else (middle + 1, high)
        return self._ticks[low] / TICKS_PER_MS

    def geometric_mean_ms(self, draw: Sequence[int]) -> float:
        """Return the geometric mean of the latencies of a draw in milliseconds; 0.0 when the draw is empty."""
        total = _sum(draw, self._totals)
        return exp(_sum(draw, self._logs) / total) if total else 0.0


def _sum(draw: Sequence[int], values: Sequence[float]) -> float:
    return sum(times * value for times, value in zip(draw, values, strict=True))


def _counts(histogram: HdrHistogram) -> dict[int, int]:
    """Return how often each value was counted. The library's own iterator takes 0.15 s for it, which reads each place in Python."""
    counts = histogram.counts[:]  # a ctypes array makes a number of every place that is asked for: 1 ms in place of 0.2
    return {
        histogram.get_highest_equivalent_value(histogram.get_value_from_index(place)): counts[place]
        for place in compress(range(len(counts)), counts)
    }
