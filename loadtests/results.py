"""What a comparison found, before it becomes figures."""

from dataclasses import dataclass, field
from typing import Any

from loadtests.blocks import Measured
from loadtests.freshness import Freshness
from loadtests.parity import Parity
from loadtests.plan import Block


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that one run measured. urls: base URL by side, from which origins follow. settings: what was asked."""

    urls: dict[str, str]
    profile: str
    settings: dict[str, Any]
    provenance: dict[str, Any]
    parity: Parity
    floors: dict[str, dict[str, list[Block]]] = field(default_factory=dict)
    scenarios: dict[str, list[Measured]] = field(default_factory=dict)
    freshness: dict[str, Freshness] = field(default_factory=dict)
