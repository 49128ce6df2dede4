"""What AWS charges for a unit, as docs/prices.yaml cites it, and what follows for choosing how to pay."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "docs" / "prices.yaml"
SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for so many units."""

    usd: float
    unit: str
    source: str
    per: int = 1

    @property
    def of_one(self) -> float:
        """Return the dollars of one unit."""
        return self.usd / self.per

    def __str__(self) -> str:
        amount = f"${self.usd:.10f}".rstrip("0").rstrip(".")
        amount += "0" * max(0, amount.find(".") + 3 - len(amount)) if "." in amount else ".00"
        return f"{amount} {'for' if self.unit.startswith(('a ', 'an ')) else f'for {self.per:,}'} {self.unit}"


def price(name: str) -> Price:
    """Return a price by its name in the file."""
    return Price(**_written()["prices"][name])


def cited(*names: str) -> str:
    """Return the prices as a sentence with its source, for a page of the docs."""
    found = [price(name) for name in names]
    sources = ", ".join(f"<{source}>" for source in dict.fromkeys(each.source for each in found))
    of = f"list prices of {_written()['region']}, {_written()['as_of']}"
    return f"{'; '.join(map(str, found))} (*cited*: {of}, {sources})."


def break_even(capacity: str, unit: str) -> float:
    """Return the share of an hour's provisioned capacity, on average, above which it costs less than paying by request."""
    return price(capacity).of_one / (price(unit).of_one * SECONDS_OF_AN_HOUR)


def warm_break_even() -> float:
    """Return the share of the time that a function kept warm must run to cost less than one that is not."""
    saved = price("lambda_gb_second").of_one - price("lambda_warm_gb_second").of_one
    return price("lambda_provisioned_gb_second").of_one / saved


@cache
def _written() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found
