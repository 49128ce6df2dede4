"""Writes what the docs say of the templates: tables of triggers, pictures of who wakes whom, prices.

    python -m microservices.deploy.docs

In a page, `<!-- generated: name arguments -->` begins what is generated and `<!-- end -->` ends it; the rest is written by hand.
A test fails when a page and the templates differ.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from microservices.deploy import picture, prices, trigger_tables
from microservices.deploy.wiring import wires

PROJECT = Path(__file__).parents[2]
PAGES = (PROJECT / "docs" / "triggers.md", PROJECT / "docs" / "capacity.md")
PART = re.compile(r"(<!-- generated: (?P<asked>.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
MAX_TEXT_LENGTH = 48  # characters of a text in an event that is shown


def written(page: str) -> str:
    """Return the page with everything generated anew. Raise KeyError for a part that nobody knows."""
    return PART.sub(lambda part: f"{part[1]}{_generated(*part['asked'].split())}\n{part[3]}", page)


def _generated(name: str, *arguments: str) -> str:
    return PARTS[name](*arguments)


def event(file: str) -> str:
    """Return an event of the tests, folded and shortened: one of each list, the beginning of long texts."""
    shown = _shortened(json.loads((PROJECT / "tests" / "events" / file).read_text()))
    block = f"```json\n{json.dumps(shown, indent=2, ensure_ascii=False)}\n```"
    return f"<details><summary>An event, shortened</summary>\n\n{block}\n</details>"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value[:1]]
    if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
        return f"{value[:MAX_TEXT_LENGTH]}…"
    return value


def break_evens() -> str:
    """Return from which use on capacity that is paid for by the hour costs less."""
    by_the_hour = {
        "DynamoDB reads": prices.break_even("dynamodb_read_capacity", "dynamodb_read_unit"),
        "DynamoDB writes": prices.break_even("dynamodb_write_capacity", "dynamodb_write_unit"),
        "Lambda, kept warm": prices.warm_break_even(),
    }
    rows = [(name, f"{share:.1%}") for name, share in by_the_hour.items()]
    return trigger_tables.table(("paid for by the hour", "costs less from this average use on"), rows)


PARTS: dict[str, Callable[..., str]] = {
    "break-evens": break_evens,
    "event": event,
    "failures": lambda: picture.failures(wires()),
    "functions": lambda kind: trigger_tables.TABLES[kind](),
    "prices": prices.cited,
    "wakes": lambda: picture.wakes(wires()),
}


def main() -> None:
    for page in PAGES:
        page.write_text(written(page.read_text()))


if __name__ == "__main__":
    main()
