"""Latencies in HdrHistograms: 0.1 ms resolution, a minute at most, three significant digits, mergeable."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hdrh.histogram import HdrHistogram

TICKS_PER_MS = 10
LONGEST_MS = 60_000
FEWEST_BEYOND = 10  # values beyond a percentile


def empty_histogram() -> HdrHistogram:
    """Return a histogram that counts tenths of a millisecond."""
    return HdrHistogram(1, LONGEST_MS * TICKS_PER_MS, 3)


def ticks_of(latency_ms: float) -> int:
    """Return a latency in tenths of a millisecond, between one tenth and one minute."""
    return min(max(1, round(latency_ms * TICKS_PER_MS)), LONGEST_MS * TICKS_PER_MS)


def histogram_of(latencies_ms: Iterable[float]) -> HdrHistogram:
    """Return a histogram of these latencies in milliseconds."""
    return histogram_of_ticks(Counter(ticks_of(latency) for latency in latencies_ms))


def histogram_of_ticks(counts: Mapping[int, int]) -> HdrHistogram:
    """Return a histogram of counts by latency in tenths of a millisecond."""
    histogram = empty_histogram()
    for ticks, count in counts.items():
        histogram.record_value(ticks, count)
    return histogram


def merge(histograms: Iterable[HdrHistogram]) -> HdrHistogram:
    """Return the sum of the histograms."""
    total = empty_histogram()
    for histogram in histograms:
        total.add(histogram)
    return total


def percentile_ms(histogram: HdrHistogram, percentile: float) -> float:
    """Return a percentile in milliseconds; 0.0 for an empty histogram."""
    if histogram.get_total_count() == 0:
        return 0.0
    return float(histogram.get_value_at_percentile(percentile)) / TICKS_PER_MS


def percentiles(histogram: HdrHistogram, *wanted: int) -> dict[str, float | None]:
    """Return these percentiles by name, such as p95_ms, with one decimal; None if too few values lie beyond one."""
    total = histogram.get_total_count()
    return {
        f"p{each}_ms": round(percentile_ms(histogram, each), 1) if enough_beyond(each, total) else None
        for each in wanted
    }


def enough_beyond(percentile: float, values: int) -> bool:
    """Return whether enough of the values are beyond the percentile: with fewer, single values move it."""
    return values * (100 - percentile) >= 100 * FEWEST_BEYOND


def encode(histogram: HdrHistogram) -> str:
    """Return the histogram in the compressed exchange format of the HdrHistogram libraries."""
    return bytes(histogram.encode()).decode("ascii")


def decode(text: str) -> HdrHistogram:
    """Return the histogram of an exchange format."""
    return HdrHistogram.decode(text)
