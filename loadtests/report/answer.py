"""The question that a run asks, and its answer in three sentences, made from the figures."""

from collections.abc import Iterable
from typing import Any

from loadtests.blocks import SIDES
from loadtests.report import chapters
from loadtests.report.parts import Sentence
from loadtests.report.tables import EVENTUAL_ON_BOTH, milliseconds
from loadtests.report.verdicts import CELLS, judged

QUESTION = "One application, built as a monolith and as microservices: which serves its users better at the same load?"


def question(report: dict[str, Any]) -> str:
    """Return what was asked: of a run without a comparison, what its chapters ask."""
    return QUESTION if chapters.compared(report) else " ".join(one.question for one, _ in chapters.held(report))


def answer(report: dict[str, Any]) -> list[Sentence]:
    """Return three sentences: who answers sooner, whether what they answer is right, and when everybody sees it.
    Without a comparison, the sentences of the chapters."""
    if not chapters.compared(report):
        return [sentence for one, figures in chapters.held(report) for sentence in one.answer(figures)]
    origin = report["parity"]["origin"]
    return [
        Sentence(_sooner(report), origin),
        Sentence(_right(report), origin),
        Sentence(_fresh(report), origin),
    ]


def _sooner(report: dict[str, Any]) -> str:
    found = {name: judged(scenario)["p95_ms"] for name, scenario in report["scenarios"].items()}
    by_verdict: dict[str, list[str]] = {}
    for name, one in found.items():
        by_verdict.setdefault(one["verdict"], []).append(name)
    parts = []
    for side, factor in (("monolith", 1), ("microservices", -1)):
        if names := by_verdict.pop(side, []):
            times = sorted(found[name]["ratio"] ** factor for name in names)
            parts.append(f"the {side} in {len(names)} of {len(found)} scenarios, {_between(times)} times as fast")
    sooner = f"At the 95th percentile the faster is {'; '.join(parts)}" if parts else "Nobody is surely faster"
    rest = [f"{CELLS.get(verdict, verdict)}: {', '.join(names)}" for verdict, names in by_verdict.items()]
    return "; ".join([sooner, *rest]) + "."


def _right(report: dict[str, Any]) -> str:
    shares = {
        side: min((one[side]["goodput"] / (one[side]["offered_rate"] or 1) for one in report["scenarios"].values()), default=1)
        for side in SIDES
    }  # fmt: skip
    parts = {side: f"{min(share, 1):.2%}".replace(".00%", "%").replace("%", " %") for side, share in shares.items()}
    one, other = parts.values()
    words = f"Both answered {one}" if one == other else f"The monolith answered {one}, the microservices {other}"
    wrong = {side: sum(_counts(report["after_the_load"].values(), side)) for side in SIDES}
    lost = ", ".join(f"{number} on the {side}" for side, number in wrong.items() if number)
    books = f"effects lost or done twice: {lost}" if lost else "nothing was lost or done twice"
    return f"{words} of what was offered rightly and in time, each in its worst scenario; {books}."


def _counts(effects: Iterable[dict[str, Any]], side: str) -> Iterable[int]:
    return (one.get(side, 0) for one in effects)


def _fresh(report: dict[str, Any]) -> str:
    found = [
        sides
        for kind, sides in report["freshness"].items()
        if kind not in EVENTUAL_ON_BOTH and all(side in sides for side in SIDES) and sides["microservices"]["p50_ms"]
    ]
    if not found:
        return "When others see what was written was not measured."
    lags = sorted(sides["microservices"]["p50_ms"] for sides in found)
    low, high = milliseconds(lags[0]), milliseconds(lags[-1])
    span = f"{low} ms" if low == high else f"{low} to {high} ms"
    stale = sum(sides["monolith"]["stale_first_reads"] for sides in found)
    trials = sum(sides["monolith"]["trials"] for sides in found)
    return (
        f"What the monolith shows to the first who {'looks' if not stale else f'looks, but for {stale} of {trials} times'}, the "
        f"microservices show {span} after the answer, depending on what it is (medians, one read included)."
    )


def _between(times: list[float]) -> str:
    low, high = f"{times[0]:.1f}", f"{times[-1]:.1f}"
    return low if low == high else f"{low} to {high}"
