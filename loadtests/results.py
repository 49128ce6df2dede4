"""The results of a run, before they become the figures of a report. This module only holds data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtests.load import BlockResult

SIDES = ("monolith", "microservices")
AA_SIDES = ("first", "second")  # of a run that compares a system with itself
AUDITED = "lost_or_doubled_votes"  # the audit of every system counts them
LAG_KINDS = (
    "vote_to_post_score", "vote_to_leaderboard_json", "vote_to_leaderboard_html", "post_to_search", "order_to_settled",
    "avatar_to_shown", "view_to_trending", "post_to_live", "vote_to_live",
)  # fmt: skip


@dataclass(slots=True)
class SideBlock:
    """One block with its place in the run: its side, and its start in seconds of the scenario."""

    side: str
    at_s: float
    block: BlockResult


@dataclass(slots=True)
class Parity:
    """How many checks compared both systems, and which failed, one line each.

    rechecked_alone: contract checks that were late under parallel load and ran again alone.
    """

    checks: int = 0
    failed: list[str] = field(default_factory=list)
    rechecked_alone: int = 0


@dataclass(slots=True)
class Audit:
    """Deviations that the consistency audit counts. All must be 0."""

    lost_or_doubled_credits: int = 0
    lost_or_doubled_boost_days: int = 0
    wrong_orders: int = 0
    unsettled_orders: int = 0


@dataclass(slots=True)
class Lag:
    """The lags of one kind in milliseconds, the first reads that were stale, and the writes that never became visible."""

    lags_ms: list[float] = field(default_factory=list)
    stale_first_reads: int = 0
    never: int = 0


@dataclass(slots=True)
class Freshness:
    """All lags of one system, and the deviations of its effects after the load."""

    lags: dict[str, Lag] = field(default_factory=lambda: {kind: Lag() for kind in LAG_KINDS})
    lost_or_doubled_votes: int = 0
    audit: Audit = field(default_factory=Audit)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one side may use. at_once: its concurrent requests, by what answers them; empty where that is unknown.

    cores: those that all its processes may run on. parts: the numbers that at_once follows from, for the report.
    """

    at_once: dict[str, int] = field(default_factory=dict)
    cores: tuple[int, ...] = ()
    parts: dict[str, int] = field(default_factory=dict)

    def in_words(self) -> str:
        """Return a short description."""
        if not self.at_once:
            return "unknown"
        limits = " or ".join(str(limit) for limit in sorted(set(self.at_once.values())))
        parts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.parts.items())
        return f"{limits} requests at once ({parts}) on cores {', '.join(map(str, self.cores)) or 'unknown'}"


UNKNOWN = Resources()  # of a deployed system


def differences(resources: Mapping[str, Resources]) -> list[str]:
    """Return how the sides' resources differ: nothing if they are equal or one side's are unknown."""
    known = {side: one for side, one in resources.items() if one.at_once}
    if len(known) < len(resources):
        return []
    limits = {limit for one in known.values() for limit in one.at_once.values()}
    cores = {one.cores for one in known.values()}
    if len(limits) == 1 == len(cores):
        return []
    sides = "; ".join(f"{side} has {one.in_words()}" for side, one in known.items())
    return [f"the resources are not equal: {sides}"]


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that one run has measured so far.

    settings: as in the report. urls: base URL by side; each figure's origin follows from it. resources: before and after the load.
    cpu_steal: percent of processor time that the hypervisor gave to others. chapters: further chapters of report.json,
    by name. ended_by: why the run ended early, or empty.
    """

    profile: str
    settings: dict[str, Any]
    provenance: dict[str, Any]
    sides: tuple[str, ...] = SIDES
    urls: dict[str, str] = field(default_factory=dict)
    parity: Parity = field(default_factory=Parity)
    resources: list[dict[str, Resources]] = field(default_factory=list)
    floors: dict[str, dict[str, list[BlockResult]]] = field(default_factory=dict)
    scenarios: dict[str, list[SideBlock]] = field(default_factory=dict)
    freshness: dict[str, Freshness] = field(default_factory=dict)
    cpu_steal: float | None = None
    chapters: dict[str, Any] = field(default_factory=dict)
    ended_by: str = ""

    def pairs(self, scenario: str) -> dict[str, list[SideBlock]]:
        """Return the blocks of a scenario by side, in order. An incomplete pair is left out."""
        blocks = {side: [one for one in self.scenarios[scenario] if one.side == side] for side in self.sides}
        complete = min(map(len, blocks.values()))
        return {side: measured[:complete] for side, measured in blocks.items()}

    @property
    def played(self) -> list[str]:
        """The scenarios that have at least one pair of blocks."""
        return [name for name in self.scenarios if all(self.pairs(name).values())]
