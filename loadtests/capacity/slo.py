"""The service level that a capacity is stated for: `p95<250ms,errors<0.1%` means both."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TypeVar

from loadtests.histograms import decoded, percentile_ms
from loadtests.load import BlockResult

Thing = TypeVar("Thing")

LATENCY = re.compile(r"p(\d+(?:\.\d+)?)<(\d+(?:\.\d+)?)(ms|s)")
SHARE = re.compile(r"(errors|refused|dropped)<(\d+(?:\.\d+)?)%")
SHARES = ("errors", "refused", "dropped")
UNNAMED = (
    1.0  # percent: a rate of which more is not answered rightly is not carried, whatever the level is silent about
)
LEAST, MOST = 50, 99.9
UNDERSTOOD = (
    "understood: p50 to p99.9 below a time (p95<250ms, p99<1.5s); errors, refused, dropped below a share (errors<0.1%)"
)


class NotUnderstood(ValueError):
    """A service level that says nothing that can be measured: one line names the term and what is understood."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must hold. what: `p95`, or one of SHARES. limit: in milliseconds, or in percent of what was offered."""

    what: str
    limit: float

    @property
    def percentile(self) -> float | None:
        """The percentile that is held to the limit; None for a share."""
        return None if self.what in SHARES else float(self.what[1:])

    def in_words(self, value: float) -> str:
        """Return a value of this term, and where it stands to its limit."""
        side = "over" if value >= self.limit else "below"
        if self.percentile is None:
            return f"{self.what} {value:.2g} %, {side} {self.limit:g} %"
        return f"{self.what} {value:,.0f} ms, {side} {self.limit:,.0f} ms"


class Pool:
    """Blocks of one rate on one side, judged together: times by the median of the blocks, so that one that the machine held up
    decides nothing; shares by what was offered in all of them."""

    def __init__(self, blocks: Sequence[BlockResult]) -> None:
        self.blocks = list(blocks)
        self._latencies = [decoded(block.latencies) for block in blocks]
        self._times: dict[float, list[float]] = {}

    def value(self, term: Term, draw: Sequence[int] | None = None) -> float:
        """Return what a term measures over all blocks, or over a draw: how often each block counts."""
        counted = draw or [1] * len(self.blocks)
        if term.percentile is not None:
            return self.percentile_ms(term.percentile, counted)
        blocks = _repeated(self.blocks, counted)
        return 100 * sum(_share(block, term.what) for block in blocks) / max(1, sum(block.offered for block in blocks))

    def percentile_ms(self, percentile: float, draw: Sequence[int] | None = None) -> float:
        """Return the median of the blocks' percentiles, in milliseconds, over all blocks or over a draw."""
        return median(_repeated(self._of_each(percentile), draw or [1] * len(self.blocks)))

    def _of_each(self, percentile: float) -> list[float]:
        if percentile not in self._times:
            self._times[percentile] = [percentile_ms(histogram, percentile) for histogram in self._latencies]
        return self._times[percentile]


@dataclass(frozen=True)
class Slo:
    """A service level. text: as it was asked for. terms: all that must hold, those that are always meant included."""

    text: str
    named: tuple[Term, ...]

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """What was named, and of the shares that were not: hardly any."""
        known = {term.what for term in self.named}
        return self.named + tuple(Term(share, UNNAMED) for share in SHARES if share not in known)

    @property
    def longest_ms(self) -> float:
        """The longest time that an answer may take by any term; 0 if none names a time."""
        return max((term.limit for term in self.named if term.percentile is not None), default=0.0)

    @property
    def tail(self) -> float:
        """The smallest share of requests that a term is about: 0.05 of p95."""
        return min((1 - term.percentile / 100 for term in self.named if term.percentile is not None), default=1.0)

    def strain(self, pool: Pool, draw: Sequence[int] | None = None) -> float:
        """Return how much of what the level allows is used, by the term that is nearest to its limit: from 1 on it is broken."""
        return max(pool.value(term, draw) / term.limit for term in self.terms)

    def broken(self, pool: Pool) -> list[str]:
        """Return the terms that do not hold, in words: none where the level is kept."""
        values = [(term, pool.value(term)) for term in self.terms]
        return [term.in_words(value) for term, value in values if value >= term.limit]


def parsed(text: str) -> Slo:
    """Return the service level that a text names. Raise NotUnderstood if one of its terms cannot be measured."""
    terms = [_term("".join(word.split()), word.strip()) for word in text.split(",")]
    for number, term in enumerate(terms):
        if term.what in {one.what for one in terms[:number]}:
            raise NotUnderstood(f"the service level names {term.what} twice")
    return Slo(text=",".join("".join(word.split()) for word in text.split(",")), named=tuple(terms))


def _term(word: str, said: str) -> Term:
    if (found := LATENCY.fullmatch(word)) and LEAST <= float(found[1]) <= MOST:
        term = Term(f"p{float(found[1]):g}", float(found[2]) * (1000 if found[3] == "s" else 1))
    elif found := SHARE.fullmatch(word):
        term = Term(found[1], float(found[2]))
    else:
        raise NotUnderstood(f"the service level's term {said!r} is not understood; {UNDERSTOOD}")
    if not (0 < term.limit < math.inf) or (term.percentile is None and term.limit > 100):
        raise NotUnderstood(f"the service level's term {said!r} holds always or never; {UNDERSTOOD}")
    return term


def _repeated(things: Sequence[Thing], counts: Sequence[int]) -> list[Thing]:
    return [thing for thing, times in zip(things, counts, strict=True) for _ in range(times)]


def _share(block: BlockResult, what: str) -> int:
    """A dropped arrival is no error of the system's answer, and no answer either: it counts by itself."""
    return {"errors": block.errors, "refused": block.refused, "dropped": block.dropped}[what]
