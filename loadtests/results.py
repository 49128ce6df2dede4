"""What a comparison found, before it becomes figures."""

from dataclasses import dataclass, field
from typing import Any

from loadtests.blocks import SIDES, SideBlock
from loadtests.freshness import Freshness
from loadtests.load import BlockResult
from loadtests.parity import Parity
from loadtests.resources import Resources


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that one run measured so far. urls: base URL by side, from which origins follow. settings: what was asked.

    resources: what each side had, as often as it was looked at. stolen: the share of the processors that the host took away
    under load. ended_by: why the run ended early, or nothing.
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
    stolen: float | None = None
    ended_by: str = ""

    def pairs(self, scenario: str) -> dict[str, list[SideBlock]]:
        """Return the blocks of a scenario by side, in their order. Of a pair that was cut short, neither counts."""
        found = {side: [one for one in self.scenarios[scenario] if one.side == side] for side in self.sides}
        whole = min(map(len, found.values()))
        return {side: blocks[:whole] for side, blocks in found.items()}

    @property
    def played(self) -> list[str]:
        """The scenarios that have a pair of blocks at least."""
        return [name for name in self.scenarios if all(self.pairs(name).values())]
