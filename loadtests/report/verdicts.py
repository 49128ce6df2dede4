"""The verdicts of a comparison by scenario and metric, for the first table of the page."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from loadtests.statistics.verdicts import FEW_SAMPLES

METRICS = {
    "geometric_mean_ms": "geometric mean", "p50_ms": "median", "p95_ms": "95th percentile", "p99_ms": "99th percentile",
    "goodput": "right answers",
}  # fmt: skip
SHORT = {"geometric_mean_ms": "geo mean", "p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "goodput": "right/s"}
MOST = 100  # a ratio beyond it is said to be


class Verdict(NamedTuple):
    """Who is better by one metric, and how sure that is: the second side over the first. few: of what it is made, where that
    is little."""

    said: str
    ratio: str
    interval: str
    change: str
    spreads: str
    few: str

    @property
    def kind(self) -> str:
        """One word for the style sheet."""
        return self.said.split()[0]


def judged(scenario: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is known of each metric that a scenario was judged by."""
    return dict(scenario["metrics"])


def metrics(report: dict[str, Any]) -> list[str]:
    """Return the metrics that any scenario was judged by, in their order."""
    known = {metric for scenario in report["scenarios"].values() for metric in judged(scenario)}
    return [metric for metric in METRICS if metric in known]


def verdicts(report: dict[str, Any]) -> Iterator[tuple[str, list[Verdict | None]]]:
    """Yield the scenarios, each with its verdict by each metric."""
    shown = metrics(report)
    for name, scenario in report["scenarios"].items():
        found = judged(scenario)
        yield name, [verdict(found[metric]) if metric in found else None for metric in shown]


def verdict(found: dict[str, Any]) -> Verdict:
    """Return one verdict in words."""
    spreads, beyond = found["effect"]["standardised"], found.get("samples_beyond")
    return Verdict(
        said=found["verdict"],
        ratio=_ratio(found["ratio"]),
        interval=f"{_ratio(found['low'])} – {_ratio(found['high'])}",
        change=f"{found['effect']['change_percent']:+,.0f} %",
        spreads="–" if spreads is None else f"{spreads:+.1f}",
        few="" if beyond is None or beyond >= FEW_SAMPLES else f"only {beyond} requests beyond it",
    )


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value <= MOST else f"> {MOST}"
