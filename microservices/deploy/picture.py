"""The wires as Mermaid pictures: who wakes whom, and where ends what cannot be handled."""

import re
from collections.abc import Iterable
from itertools import groupby

from microservices.deploy.nodes import Node
from microservices.deploy.wiring import Wire

FAILURES = frozenset({"dead letters", "parks", "undelivered"})
SHAPES = {
    "api": '{id}{{{{"{name} API"}}}}',
    "bucket": '{id}[("bucket {name}")]',
    "function": '{id}["{name}"]',
    "load balancer": '{id}{{{{"load balancer"}}}}',
    "queue": '{id}[["queue {name}"]]',
    "repository": '{id}{{{{"site repository"}}}}',
    "stream": '{id}[/"stream {name}"/]',
    "table": '{id}[("table {name}")]',
    "topic": '{id}(("topic {name}"))',
}


def wakes(wires: Iterable[Wire]) -> str:
    """Return the picture of what wakes what; routes are counted."""
    return _drawn(wire for wire in wires if wire.how not in FAILURES)


def failures(wires: Iterable[Wire]) -> str:
    """Return the picture of where records and messages end that cannot be handled."""
    return _drawn(wire for wire in wires if wire.how in FAILURES)


def _drawn(wires: Iterable[Wire]) -> str:
    chosen = sorted(wires)
    shown = sorted({node for wire in chosen for node in (wire.source, wire.target)})
    shapes = [SHAPES[node.kind].format(id=_id(node), name=node.name) for node in shown]
    lines = [
        f"{_id(source)} -->|{_label(how, list(group))}| {_id(target)}"
        for (source, target, how), group in groupby(chosen, lambda wire: (wire.source, wire.target, wire.how))
    ]
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {line}" for line in (*shapes, *lines)), "```"])


def _id(node: Node) -> str:
    return re.sub(r"\W", "_", f"{node.kind}_{node.name}")


def _label(how: str, wires: list[Wire]) -> str:
    """Return what stands at an arrow, in quotes: a path has braces, which would be a shape."""
    chosen = ", ".join(wire.label for wire in wires if wire.label)
    if how == "route":
        return f'"{chosen}"' if len(wires) == 1 else f'"{len(wires)} routes"'
    if how in ("rule", "subscription"):
        return f'"{chosen}"'
    return f'"{how}: {chosen}"' if chosen else f'"{how}"'
