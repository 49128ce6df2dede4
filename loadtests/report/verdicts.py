"""The verdicts of a comparison by scenario and metric, for the first table of the page."""

from collections.abc import Iterator
from typing import Any, NamedTuple

METRICS = {"p50_ms": "median", "p95_ms": "95th percentile", "p99_ms": "99th percentile", "goodput": "right answers"}
CELLS = {
    "monolith": "monolith",
    "microservices": "microservices",
    "within noise": "within noise",
    "rate not carried": "rate not carried",
    "void": "void",
}


class Verdict(NamedTuple):
    """Who is better by one metric, and how sure that is: microservices over monolith."""

    said: str
    ratio: str
    interval: str

    @property
    def kind(self) -> str:
        """One word for the style sheet."""
        return self.said.split()[0]


def judged(scenario: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ratio, low, high and verdict of each metric that a scenario was judged by."""
    if "metrics" in scenario:
        return dict(scenario["metrics"])
    ratio = scenario["ratio_p95"]
    return {"p95_ms": {**ratio, "ratio": ratio["value"]}}


def metrics(report: dict[str, Any]) -> list[str]:
    """Return the metrics that any scenario was judged by, in their order."""
    known = {metric for scenario in report["scenarios"].values() for metric in judged(scenario)}
    return [metric for metric in METRICS if metric in known]


def verdicts(report: dict[str, Any]) -> Iterator[tuple[str, list[Verdict | None]]]:
    """Yield the scenarios, each with its verdict by each metric."""
    shown = metrics(report)
    for name, scenario in report["scenarios"].items():
        found = judged(scenario)
        yield name, [_verdict(found[metric]) if metric in found else None for metric in shown]


def _verdict(found: dict[str, Any]) -> Verdict:
    return Verdict(found["verdict"], f"{found['ratio']:.2f}", f"{found['low']:.2f} – {found['high']:.2f}")
