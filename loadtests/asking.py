"""What a comparison is asked for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.blocks import SIDES
from loadtests.offer import Offer
from loadtests.profiles import Profile
from loadtests.systems import System


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What the command line asks for. given: base URLs of systems that are already there: neither started nor ended.
    live_given: addresses of live feeds, for given systems that serve theirs elsewhere than below their base URL.

    sides: what is compared, by the name of its side. Of one system with itself (`same`) each side has its own run directory, and
    what does not bear on whether it is the same is left out: the contract's tests, the floors, freshness. offer: how the load is
    offered.
    """

    profile: Profile
    scenarios: tuple[str, ...]
    given: dict[str, str]
    live_given: dict[str, str]
    run_dir: Path
    sides: dict[str, System]
    offer: Offer = field(default_factory=Offer)

    @property
    def same(self) -> bool:
        """Whether a system is compared with itself."""
        return tuple(self.sides) != SIDES

    def folder(self, side: str) -> Path:
        """Return the run directory of a side."""
        return self.run_dir / side if self.same else self.run_dir

    @property
    def started(self) -> dict[str, System]:
        """The systems that this run starts, by side."""
        return {side: system for side, system in self.sides.items() if side not in self.given}


def settings(asked: RunSettings) -> dict[str, Any]:
    """Return what the run was set to, for the report."""
    profile = asked.profile
    return {
        "shape": asked.offer.name,
        "generator": asked.offer.generator,
        "rates": {name: profile.rates[name] for name in asked.scenarios},
        "block_s": profile.block_s,
        "warm_up_s": profile.warm_up_s,
        "repeats": profile.repeats,
        "blocks_a_side": profile.repeats * profile.pairs,
        "subscribers": profile.subscribers,
        "data": {"accounts": profile.size.accounts, "posts": profile.size.posts, "votes": profile.size.votes},
    }
