"""The question of a run and the findings of its first screen, from the figures. No ratio of emulated milliseconds: it would say
more about the emulator than about the systems."""

from collections import defaultdict

from loadtests.report.charts import Report
from loadtests.report.comparison import EVENTUAL_ON_BOTH, METRICS, origin_of_times, summaries
from loadtests.report.tables import Finding, span
from loadtests.results import AUDITED, SIDES
from loadtests.statistics import NOISE

QUESTION = "One application, built as a monolith and as microservices, with the same answers to every request."
SELF_QUESTION = "One system twice: does the comparison see a difference where there is none?"


def question(report: Report) -> str:
    """Return the question of a comparison."""
    return QUESTION if of_two_systems(report) else SELF_QUESTION


def findings(report: Report) -> list[Finding]:
    """Return the findings: same answers, freshness, answers in time. For a system against itself, its verdicts in place of
    freshness."""
    origin = origin_of_times(report)
    compared = _freshness(report) if of_two_systems(report) else _self_comparison(report)
    return [Finding(_same_answers(report), "counted"), Finding(compared, origin), Finding(_in_time(report), origin)]


def of_two_systems(report: Report) -> bool:
    """Return whether the monolith was compared with the microservices, and not a system with itself."""
    return tuple(report["sides"]) == SIDES


def _same_answers(report: Report) -> str:
    parity, effects = report["parity"], report["after_the_load"]
    alone = parity.get("rechecked_alone", 0)
    note = f" ({alone} timed out in parallel and passed alone)" if alone else ""
    wrong = {side: sum(counts.get(side, 0) for counts in effects.values()) for side in report["sides"]}
    lost = ", ".join(f"{count} on the {side}" for side, count in wrong.items() if count)
    answers = f"Both systems gave the same answers in {parity['checks']:,} checks{note}. "
    if not lost and not all(side in effects.get(AUDITED, {}) for side in report["sides"]):
        return f"{answers}The consistency audit did not run."
    return f"{answers}Effects lost or doubled: {lost or 0}."


def _freshness(report: Report) -> str:
    lags = [
        sides
        for kind, sides in report["freshness"].items()
        if kind not in EVENTUAL_ON_BOTH and all(side in sides for side in SIDES) and sides["microservices"]["max_ms"]
    ]
    if not lags:
        return "Freshness was not measured."
    stale = sum(sides["monolith"]["stale_first_reads"] for sides in lags)
    visible = (
        f"with {stale} stale first reads of {sum(one['monolith']['trials'] for one in lags)}" if stale else "at once"
    )
    after = span(one["microservices"][edge] for one in lags for edge in ("min_ms", "max_ms"))
    trials = sum(one["microservices"]["trials"] for one in lags)
    return f"Writes are visible {visible} on the monolith, and after {after} ms ({trials} trials) on the microservices."


def _self_comparison(report: Report) -> str:
    by_verdict: defaultdict[str, list[str]] = defaultdict(list)
    for name, scenario in report["scenarios"].items():
        for metric, one in scenario["metrics"].items():
            by_verdict[one["verdict"]].append(f"{METRICS[metric]} of {name}")
    noise = by_verdict.pop(NOISE, [])
    others = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items())
    return f"Verdicts: {others}." if others else f"Within noise: none of {len(noise)} metrics differs."


def _in_time(report: Report) -> str:
    shares = dict.fromkeys(report["sides"], 1.0)
    for one in summaries(report):
        shares[one["side"]] = min(shares[one["side"]], one["goodput"] / (one["offered_rate"] or 1))
    (first, share), (second, other) = ((side, f"{100 * share:.4g} %") for side, share in shares.items())
    return (
        f"In the worst scenario of each, the {first} answered {share} of the offered requests correctly and in time, the "
        f"{second} {other}."
    )
