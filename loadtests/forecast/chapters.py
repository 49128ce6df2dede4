"""All forecasts of a report from its metering. `compare` writes them, `bill` and `scale` replace one of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loadtests import complexity
from loadtests.forecast import bill, latency, parameters, scale
from loadtests.metering import counts
from loadtests.processes import ROOT


def chapters(metering: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the chapters latency, bill, scale and complexity, by name. metering: of report.json; without it, only complexity."""
    if metering is None:
        return {complexity.CHAPTER: complexity.chapter(ROOT)}
    counted, figures = msgspec.convert(metering, counts.Metering), parameters.load()
    return {
        latency.CHAPTER: latency.chapter(counted, figures),
        bill.CHAPTER: bill.chapter(counted, {}),
        scale.CHAPTER: scale.chapter(counted, figures),
        complexity.CHAPTER: complexity.chapter(ROOT, counted),
    }
