"""The question that a run asks, and its answer in three sentences, made from the figures."""

from collections.abc import Iterable
from typing import Any

from loadtests.blocks import SIDES
from loadtests.report import chapters
from loadtests.report.parts import Sentence
from loadtests.report.tables import EVENTUAL_ON_BOTH, milliseconds, sides
from loadtests.report.verdicts import SHORT, judged
from loadtests.statistics.verdicts import NOISE

QUESTION = "One application, built as a monolith and as microservices: which serves its users better at the same load?"
BOOKS = "lost_or_doubled_votes"  # a kind that every system's books have once they were gone through
ALIKE = "One system twice: does the comparison see a difference where there is none?"


def question(report: dict[str, Any]) -> str:
    """Return what was asked: of a run without a comparison, what its chapters ask."""
    if not chapters.compared(report):
        return " ".join(one.question for one, _ in chapters.held(report))
    return QUESTION if sides(report) == SIDES else ALIKE


def answer(report: dict[str, Any]) -> list[Sentence]:
    """Return three sentences: who answers sooner, whether what they answer is right, and when everybody sees it.
    Of a system against itself, whether it is the same. Without a comparison, the sentences of the chapters."""
    if not chapters.compared(report):
        return [sentence for one, figures in chapters.held(report) for sentence in one.answer(figures)]
    origin = report["parity"]["origin"]
    if sides(report) != SIDES:
        return [Sentence(_alike(report), origin), Sentence(_right(report), origin)]
    return [
        Sentence(_sooner(report), origin),
        Sentence(_right(report), origin),
        Sentence(_fresh(report), origin),
    ]


def _sooner(report: dict[str, Any]) -> str:
    found = {name: judged(one)["p95_ms"] for name, one in report["scenarios"].items() if judged(one)}
    by_verdict: dict[str, list[str]] = {}
    for name, one in found.items():
        by_verdict.setdefault(one["verdict"], []).append(name)
    parts = []
    for side, factor in zip(sides(report), (1, -1), strict=True):
        if names := by_verdict.pop(side, []):
            times = sorted(found[name]["ratio"] ** factor for name in names)
            parts.append(f"the {side} in {len(names)} of {len(found)} scenarios, {_between(times)} times as fast")
    sooner = f"At the 95th percentile the faster is {'; '.join(parts)}" if parts else "Nobody is surely faster"
    rest = [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items()]
    return "; ".join([sooner, *rest]) + "."


def _alike(report: dict[str, Any]) -> str:
    found: dict[str, list[str]] = {}
    for name, scenario in report["scenarios"].items():
        for metric, one in judged(scenario).items():
            found.setdefault(one["verdict"], []).append(f"{SHORT[metric]} of {name}")
    if set(found) <= {NOISE}:
        return f"Within noise: none of {len(found.get(NOISE, []))} figures differs."
    words = {side: f"the {side} is better in" for side in sides(report)}
    return (
        "; ".join(f"{words.get(said, said)} {', '.join(what)}" for said, what in found.items() if said != NOISE) + "."
    )


def _right(report: dict[str, Any]) -> str:
    shares = {
        side: min((one[side]["goodput"] / (one[side]["offered_rate"] or 1) for one in report["scenarios"].values()), default=1)
        for side in sides(report)
    }  # fmt: skip
    said = {side: f"{min(share, 1):.2%}".replace(".00%", "%").replace("%", " %") for side, share in shares.items()}
    (first, one), (second, other) = said.items()
    words = f"Both answered {one}" if one == other else f"The {first} answered {one}, the {second} {other}"
    wrong = {side: sum(_counts(report["after_the_load"].values(), side)) for side in sides(report)}
    lost = ", ".join(f"{number} on the {side}" for side, number in wrong.items() if number)
    gone_through = all(side in report["after_the_load"].get(BOOKS, {}) for side in sides(report))
    kept = "nothing was lost or done twice" if gone_through else "the books were not gone through"
    books = f"effects lost or done twice: {lost}" if lost else kept
    return f"{words} of what was offered rightly and in time, each in its worst scenario; {books}."


def _counts(effects: Iterable[dict[str, Any]], side: str) -> Iterable[int]:
    return (one.get(side, 0) for one in effects)


def _fresh(report: dict[str, Any]) -> str:
    found = [
        one
        for kind, one in report["freshness"].items()
        if kind not in EVENTUAL_ON_BOTH and all(side in one for side in SIDES) and one["microservices"]["p50_ms"]
    ]
    if not found:
        return "When others see what was written was not measured."
    lags = sorted(one["microservices"]["p50_ms"] for one in found)
    low, high = milliseconds(lags[0]), milliseconds(lags[-1])
    span = f"{low} ms" if low == high else f"{low} to {high} ms"
    stale = sum(one["monolith"]["stale_first_reads"] for one in found)
    trials = sum(one["monolith"]["trials"] for one in found)
    return (
        f"What the monolith shows to the first who {'looks' if not stale else f'looks, but for {stale} of {trials} times'}, the "
        f"microservices show {span} after the answer, depending on what it is (medians, one read included)."
    )


def _between(times: list[float]) -> str:
    low, high = f"{times[0]:.1f}", f"{times[-1]:.1f}"
    return low if low == high else f"{low} to {high}"
