"""Quote prices of loadtests/forecast/prices for the docs, and compute break-even points of provisioned capacity."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "loadtests" / "forecast" / "prices" / "us-east-1-2026-10.yaml"
_LINK = "../loadtests/forecast/prices/us-east-1-2026-10.yaml"
SECONDS_OF_AN_HOUR = 3600
_PER = {"thousand": 1_000, "million": 1_000_000}


def cite(*names: str) -> str:
    """Return the prices for a page of the docs."""
    figures = [_read()["figures"][name] for name in names]
    texts = (
        f"{_dollars(_first(one))} {one['unit'].removeprefix('USD ')}{f' ({note})' if (note := one.get('note')) else ''}"
        for one in figures
    )
    return f"{'; '.join(texts)} (*cited*: [list prices of us-east-1, October 2026]({_LINK}), with their sources)."


def break_even(capacity: str, unit: str) -> float:
    """Return the average use of provisioned capacity above which it is cheaper than paying per request."""
    return of_one(capacity) / (of_one(unit) * SECONDS_OF_AN_HOUR)


def warm_break_even() -> float:
    """Return the share of the time that a function must run for provisioned concurrency to be cheaper."""
    saved = of_one("lambda.gb_seconds") - of_one("lambda.provisioned_used_gb_seconds")
    return of_one("lambda.provisioned_gb_seconds") / saved


def of_one(name: str) -> float:
    """Return the price of one unit in US dollars, in the first tier."""
    figure = _read()["figures"][name]
    words = figure["unit"].split()  # such as: USD per million requests
    return _first(figure) / _PER.get(words[2], 1)


def _first(figure: dict[str, Any]) -> float:
    """Return the price above any free quantity."""
    tiers = [price for _, price in figure.get("tiers", ()) if price]
    return float(tiers[0] if tiers else figure["value"])


def _dollars(amount: float) -> str:
    text = f"{amount:.10f}".rstrip("0")
    return "$" + text + "0" * max(0, text.find(".") + 3 - len(text))


@cache
def _read() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content
