"""Read the prices of docs/prices.yaml, and compute break-even points of provisioned capacity."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "docs" / "prices.yaml"
SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars for `per` units."""

    usd: float
    unit: str
    source: str
    per: int = 1

    @property
    def of_one(self) -> float:
        """Return the price of one unit."""
        return self.usd / self.per

    def __str__(self) -> str:
        amount = f"${self.usd:.10f}".rstrip("0").rstrip(".")
        amount += "0" * max(0, amount.find(".") + 3 - len(amount)) if "." in amount else ".00"
        return f"{amount} {'for' if self.unit.startswith(('a ', 'an ')) else f'for {self.per:,}'} {self.unit}"


def price(name: str) -> Price:
    """Return a price by its name in the file."""
    return Price(**_read()["prices"][name])


def cite(*names: str) -> str:
    """Return the prices with their sources, for a page of the docs."""
    quoted = [price(name) for name in names]
    sources = ", ".join(f"<{source}>" for source in dict.fromkeys(each.source for each in quoted))
    of = f"list prices of {_read()['region']}, {_read()['as_of']}"
    return f"{'; '.join(map(str, quoted))} (*cited*: {of}, {sources})."


def break_even(capacity: str, unit: str) -> float:
    """Return the average use of provisioned capacity above which it is cheaper than paying per request."""
    return price(capacity).of_one / (price(unit).of_one * SECONDS_OF_AN_HOUR)


def warm_break_even() -> float:
    """Return the share of the time that a function must run for provisioned concurrency to be cheaper."""
    saved = price("lambda_gb_second").of_one - price("lambda_warm_gb_second").of_one
    return price("lambda_provisioned_gb_second").of_one / saved


@cache
def _read() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content
