"""The question of a run and the findings of its first screen, from the figures. No ratio of emulated milliseconds: it would say
more about the emulator than about the systems."""

from collections import defaultdict

from loadtests.report.charts import Report
from loadtests.report.comparison import EVENTUAL_ON_BOTH, METRICS
from loadtests.report.tables import Finding, span
from loadtests.results import SIDES
from loadtests.statistics.verdicts import NOISE

QUESTION = "One application, built as a monolith and as microservices: which serves its users better at the same load?"
SELF_QUESTION = "One system twice: does the comparison see a difference where there is none?"
AUDITED = "lost_or_doubled_votes"  # the audit of every system counts them


def question(report: Report) -> str:
    """Return the question of a comparison."""
    return QUESTION if _two_systems(report) else SELF_QUESTION


def findings(report: Report) -> list[Finding]:
    """Return one sentence each on latency, correctness and freshness; without freshness for a system against itself."""
    texts = (
        [_latency(report), _correctness(report), _freshness(report)]
        if _two_systems(report)
        else [_self_comparison(report), _correctness(report)]
    )
    return [Finding(text, report["parity"]["origin"]) for text in texts]


def _two_systems(report: Report) -> bool:
    return tuple(report["sides"]) == SIDES


def _latency(report: Report) -> str:
    by_verdict: defaultdict[str, list[str]] = defaultdict(list)
    for name, scenario in report["scenarios"].items():
        if scenario["metrics"]:
            by_verdict[scenario["metrics"]["p95_ms"]["verdict"]].append(name)
    total = sum(map(len, by_verdict.values()))
    lower = {side: by_verdict.pop(side, []) for side in report["sides"]}
    parts = [
        f"{_possessive(side)} p95 is lower in {len(names)} of {total} scenarios"
        for side, names in lower.items()
        if names
    ]
    latency = f"The {'; the '.join(parts)}" if parts else "Neither side's p95 is significantly lower"
    return "; ".join([latency, *(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items())]) + "."


def _possessive(side: str) -> str:
    return f"{side}'" if side.endswith("s") else f"{side}'s"


def _self_comparison(report: Report) -> str:
    by_verdict: defaultdict[str, list[str]] = defaultdict(list)
    for name, scenario in report["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            by_verdict[one["verdict"]].append(f"{METRICS[metric]} of {name}")
    noise = by_verdict.pop(NOISE, [])
    if not by_verdict:
        return f"Within noise: none of {len(noise)} metrics differs."
    better = {side: f"the {side} is better in" for side in report["sides"]}
    return (
        "; ".join(f"{better.get(verdict, verdict)} {', '.join(names)}" for verdict, names in by_verdict.items()) + "."
    )


def _correctness(report: Report) -> str:
    worst = {
        side: min((one[side]["goodput"] / (one[side]["offered_rate"] or 1) for one in report["scenarios"].values()), default=1.0)
        for side in report["sides"]
    }  # fmt: skip
    (first, share), (second, other) = ((side, f"{100 * min(1.0, one):.4g} %") for side, one in worst.items())
    shares = f"Both sides answered {share}" if share == other else f"The {first} answered {share}, the {second} {other}"
    return f"{shares} of the offered requests correctly and in time, each in its worst scenario; {_audit(report)}."


def _audit(report: Report) -> str:
    effects = report["after_the_load"]
    wrong = {side: sum(counts.get(side, 0) for counts in effects.values()) for side in report["sides"]}
    if any(wrong.values()):
        return "effects lost or doubled: " + ", ".join(
            f"{count} on the {side}" for side, count in wrong.items() if count
        )
    audited = all(side in effects.get(AUDITED, {}) for side in report["sides"])
    return "no effect was lost or doubled" if audited else "the consistency audit did not run"


def _freshness(report: Report) -> str:
    lags = [
        sides
        for kind, sides in report["freshness"].items()
        if kind not in EVENTUAL_ON_BOTH and all(side in sides for side in SIDES) and sides["microservices"]["p50_ms"]
    ]
    if not lags:
        return "Freshness was not measured."
    stale = sum(sides["monolith"]["stale_first_reads"] for sides in lags)
    trials = sum(sides["monolith"]["trials"] for sides in lags)
    visible = f"with {stale} stale first reads of {trials}" if stale else "at once"
    after = span(sides["microservices"]["p50_ms"] for sides in lags)
    return f"Writes are visible {visible} on the monolith, and after {after} ms (medians by kind) on the microservices."
