"""Latencies in HdrHistograms: 0.1 ms resolution, a minute at most, three significant digits, mergeable."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hdrh.histogram import HdrHistogram

TICKS_PER_MS = 10
LONGEST_MS = 60_000


def empty_histogram() -> HdrHistogram:
    """Return a histogram that counts tenths of a millisecond."""
    return HdrHistogram(1, LONGEST_MS * TICKS_PER_MS, 3)


def ticks_of(latency_ms: float) -> int:
    """Return a latency in the histogram's unit: at least one tenth of a millisecond, a minute at most."""
    return min(max(1, round(latency_ms * TICKS_PER_MS)), LONGEST_MS * TICKS_PER_MS)


def histogram_of(latencies_ms: Iterable[float]) -> HdrHistogram:
    """Return a histogram of these latencies in milliseconds."""
    return histogram_of_ticks(Counter(ticks_of(latency) for latency in latencies_ms))


def histogram_of_ticks(counts: Mapping[int, int]) -> HdrHistogram:
    """Return a histogram of latencies in its own unit, with how often each occurred."""
    histogram = empty_histogram()
    for ticks, count in counts.items():
        histogram.record_value(ticks, count)
    return histogram


def merged(histograms: Iterable[HdrHistogram]) -> HdrHistogram:
    """Return one histogram with the counts of all."""
    total = empty_histogram()
    for histogram in histograms:
        total.add(histogram)
    return total


def percentile_ms(histogram: HdrHistogram, percentile: float) -> float:
    """Return the latency in milliseconds that this share of all stays within; 0.0 when nothing was counted."""
    if histogram.get_total_count() == 0:
        return 0.0
    return float(histogram.get_value_at_percentile(percentile)) / TICKS_PER_MS


def percentiles(histogram: HdrHistogram, *wanted: int) -> dict[str, float]:
    """Return these percentiles by name, such as p95_ms, with one decimal."""
    return {f"p{each}_ms": round(percentile_ms(histogram, each), 1) for each in wanted}


def encoded(histogram: HdrHistogram) -> str:
    """Return the histogram in the compressed interchange form of the HdrHistogram family."""
    return bytes(histogram.encode()).decode("ascii")


def decoded(text: str) -> HdrHistogram:
    """Return the histogram of its interchange form."""
    return HdrHistogram.decode(text)
