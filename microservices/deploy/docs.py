"""Generate the parts of the docs that come from the templates: trigger tables, diagrams, events and prices.

    python -m microservices.deploy.docs

In a page, a generated part is between `<!-- generated: name arguments -->` and `<!-- end -->`.
A test fails when a page and the templates differ.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from microservices.deploy import diagrams, prices, trigger_tables
from microservices.deploy.wiring import wires

PROJECT = Path(__file__).parents[2]
PAGES = (PROJECT / "docs" / "triggers.md", PROJECT / "docs" / "capacity.md")
PART = re.compile(r"(<!-- generated: (?P<call>.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
MAX_TEXT_LENGTH = 48  # characters of a string in an event
MAX_LINE_LENGTH = 100  # characters of a line of an event


def render(page: str) -> str:
    """Return the page with its generated parts replaced. Raise KeyError for an unknown part."""
    return PART.sub(lambda part: f"{part[1]}{_render_part(*part['call'].split())}\n{part[3]}", page)


def _render_part(name: str, *arguments: str) -> str:
    return PARTS[name](*arguments)


def event(file: str) -> str:
    """Return an event of the tests as a folded block, shortened: only the first item of each list, and long strings cut."""
    shown = _shorten(json.loads((PROJECT / "tests" / "events" / file).read_text(encoding="utf-8")))
    block = f"```json\n{_compact(shown, '')}\n```"
    return f"<details><summary>An event, shortened</summary>\n\n{block}\n</details>"


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shorten(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shorten(each) for each in value[:1]]
    if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
        return f"{value[:MAX_TEXT_LENGTH]}…"
    return value


def _compact(value: Any, indent: str) -> str:
    """Return JSON with every object on one line that fits."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= MAX_LINE_LENGTH or not isinstance(value, dict | list):
        return line
    inner = f"{indent}  "
    items = (
        [f"{json.dumps(name)}: {_compact(each, inner)}" for name, each in value.items()]
        if isinstance(value, dict)
        else [_compact(each, inner) for each in value]
    )
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{last}"


def break_evens() -> str:
    """Return the table of average uses from which on provisioned capacity is cheaper."""
    shares = {
        "DynamoDB reads": prices.break_even("dynamodb.read_capacity_hours", "dynamodb.read_units"),
        "DynamoDB writes": prices.break_even("dynamodb.write_capacity_hours", "dynamodb.write_units"),
        "Lambda, provisioned concurrency": prices.warm_break_even(),
    }
    rows = [(name, f"{share:.1%}") for name, share in shares.items()]
    return trigger_tables.table(("provisioned capacity", "cheaper above this average use"), rows)


PARTS: dict[str, Callable[..., str]] = {
    "break-evens": break_evens,
    "event": event,
    "event-sources": lambda: diagrams.event_sources(wires()),
    "failures": lambda: diagrams.failures(wires()),
    "functions": lambda kind: trigger_tables.TABLES[kind](),
    "prices": prices.cite,
}


def main() -> None:
    """Write the pages."""
    for page in PAGES:
        page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
