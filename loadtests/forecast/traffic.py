"""Traffic of a month: its highest and its mean rate. Servers are sized by the first, requests are billed by the second."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadtests.errors import UsageError
from loadtests.files import read_trace, trace_length_s
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.units import MONTH_S

Floats = NDArray[np.float64]
EXAMPLES = '"50rps flat", "200 users office-hours" or a trace such as day.csv'
SHAPES = ("flat", "office-hours")
MOST_RPS = 1e6
_WEEK_HOURS = 7 * 24
_MINUTE_S = 60
_TEXT = re.compile(r"(?P<number>-?\d+(\.\d+)?(e\d+)?)\s*(?P<unit>rps|users?)\s+(?P<shape>\S+)")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests a second. peak: of the busiest minute. mean: of the month. Arrays hold alternatives, such as a chart's points."""

    name: str
    peak: Floats
    mean: Floats

    @property
    def duty(self) -> Floats:
        """Return the duty cycle: the share of a month at the peak rate that has as many requests; 0 without any."""
        return np.divide(self.mean, self.peak, out=np.zeros_like(self.mean), where=self.peak > 0)

    @property
    def requests(self) -> Floats:
        """Return the requests of a month."""
        return self.mean * MONTH_S

    @property
    def idle(self) -> "Traffic":
        """Return no requests, with the same peak: servers are as large."""
        return replace(self, mean=np.zeros_like(self.mean))


def flat(rate: Floats | float) -> Traffic:
    """Return traffic at a constant rate."""
    rates = np.asarray(rate, dtype=float)
    return Traffic(f"{rate:g} requests/s" if rates.ndim == 0 else "", rates, rates)


def parse(text: str, parameters: Parameters) -> Traffic:
    """Return the traffic of a command line. Raise UsageError if it is wrong or absurd."""
    if text.endswith(".csv"):
        return _of_trace(Path(text))
    match = _TEXT.fullmatch(text.strip())
    if not match or match["shape"] not in SHAPES:
        raise UsageError(f"--traffic {text!r}: give {EXAMPLES}; shapes are {' and '.join(SHAPES)}")
    rate = float(match["number"])
    if match["unit"] != "rps":
        rate /= parameters.value("traffic.seconds_per_request")
    if not 0 < rate <= MOST_RPS:
        raise UsageError(f"--traffic {text!r}: {rate:g} requests/s is not above 0 and at most {MOST_RPS:,.0f}")
    duty = 1.0 if match["shape"] == "flat" else parameters.value("traffic.office_hours") / _WEEK_HOURS
    return Traffic(text, np.array(rate), np.array(rate * duty))


def _of_trace(path: Path) -> Traffic:
    """Return the traffic of a trace that repeats all month."""
    times = read_trace(path)
    mean = len(times) / trace_length_s(times)
    busiest = np.bincount((np.array(times) / _MINUTE_S).astype(int)).max() / _MINUTE_S
    return Traffic(str(path), np.array(max(mean, busiest)), np.array(mean))
