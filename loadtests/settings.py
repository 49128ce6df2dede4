"""Settings of a run: profiles, how load is offered, which systems are compared."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from loadtests import mixes
from loadtests.data.seeding import Size
from loadtests.load import LIVE, LoadPlan
from loadtests.mixes import Mix
from loadtests.results import SIDES
from loadtests.shapes import SHAPES, STEADY, length_s, shape_of
from loadtests.systems import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Length and intensity of a comparison.

    rates: arrivals a second on each side, by scenario. block_s, warm_up_s: of one block. pairs: blocks of each
    side, alternating A B B A. freshness: trials of each kind and side. subscribers: of each side's live feed.
    """

    name: str
    rates: dict[str, float]
    block_s: float
    warm_up_s: float
    pairs: int
    freshness: int
    size: Size
    subscribers: int


OTHER_RATE = 20.0  # of a mix that no profile has
# Both sides sustain these rates on 2 cores.
RATES = {"browse": 30.0, "publish": 20.0, "vote-storm": 20.0, "checkout": 10.0, "live": 4.0}
PROFILES = {
    "quick": Profile(
        name="quick", rates=RATES, block_s=0.6, warm_up_s=0.1, pairs=12, freshness=2, size=Size(8, 40, 100), subscribers=10
    ),
    "standard": Profile(
        name="standard", rates=RATES, block_s=1.0, warm_up_s=0.15, pairs=12, freshness=5, size=Size(10, 80, 200),
        subscribers=20,
    ),
    "full": Profile(
        name="full", rates=RATES, block_s=10, warm_up_s=2, pairs=12, freshness=30, size=Size(40, 1_000, 4_000),
        subscribers=50,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How load is offered. mix: one from a file of the user."""

    shape: str = STEADY
    mix: Mix | None = None

    @property
    def scenarios(self) -> tuple[str, ...]:
        """All scenarios: every mix and the live feed."""
        return (*mixes.names(), *([self.mix.name] if self.mix else []), LIVE)

    def block_s(self, duration_s: float | None) -> float | None:
        """Return a block's length: the option's or the shape's. None for a steady rate without a duration."""
        return duration_s or (None if self.shape == STEADY else length_s(SHAPES[self.shape]))

    def apply(self, plan: LoadPlan) -> LoadPlan:
        """Return a steady plan with this shape and mix. A shape's highest rate is the plan's rate."""
        own = self.mix if self.mix and self.mix.name == plan.scenario else None
        plan = replace(plan, journeys=own.journeys) if own else plan
        if self.shape == STEADY:
            return plan
        return replace(plan, shape=shape_of(self.shape, rate=plan.rate, seconds=plan.duration_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What one run does.

    sides: the compared systems, by side. deployed, deployed_live: base URLs and live feeds of systems that already run; the run
    neither starts nor stops them. An A/A run has one system on both sides, each with its own run directory.
    """

    profile: Profile
    scenarios: tuple[str, ...]
    sides: dict[str, System]
    run_dir: Path
    deployed: dict[str, str] = field(default_factory=dict)
    deployed_live: dict[str, str] = field(default_factory=dict)
    load: LoadOptions = field(default_factory=LoadOptions)

    @property
    def is_aa(self) -> bool:
        """Whether the run compares a system with itself."""
        return not set(self.sides) <= set(SIDES)

    @property
    def started(self) -> dict[str, System]:
        """The systems that this run starts, by side."""
        return {side: system for side, system in self.sides.items() if side not in self.deployed}

    def folder(self, side: str) -> Path:
        """Return the run directory of a side."""
        return self.run_dir / side if self.is_aa else self.run_dir

    def as_figures(self) -> dict[str, Any]:
        """Return the settings for the report."""
        profile = self.profile
        return {
            "shape": self.load.shape,
            "generator": "on the same machine, a process of its own",
            "rates": {name: profile.rates[name] for name in self.scenarios},
            "block_s": profile.block_s,
            "warm_up_s": profile.warm_up_s,
            "blocks_a_side": profile.pairs,
            "subscribers": profile.subscribers,
            "data": asdict(profile.size),
        }
