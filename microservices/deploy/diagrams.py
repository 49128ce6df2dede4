"""Draw Mermaid diagrams: event sources and their functions, and the queues for failed messages."""

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


def event_sources(wires: Iterable[Wire]) -> str:
    """Return the diagram of event sources and functions. It shows the number of routes, not each route."""
    return _flowchart(wire for wire in wires if wire.how not in FAILURES)


def failures(wires: Iterable[Wire]) -> str:
    """Return the diagram of the queues for failed records and messages."""
    return _flowchart(wire for wire in wires if wire.how in FAILURES)


def _flowchart(wires: Iterable[Wire]) -> str:
    arrows = sorted(wires)
    nodes = sorted({node for wire in arrows for node in (wire.source, wire.target)})
    shapes = [SHAPES[node.kind].format(id=_id(node), name=node.name) for node in nodes]
    lines = [
        f"{_id(source)} -->|{_label(how, list(group))}| {_id(target)}"
        for (source, target, how), group in groupby(arrows, lambda wire: (wire.source, wire.target, wire.how))
    ]
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {line}" for line in (*shapes, *lines)), "```"])


def _id(node: Node) -> str:
    return re.sub(r"\W", "_", f"{node.kind}_{node.name}")


def _label(how: str, wires: list[Wire]) -> str:
    """Return the text of an arrow, in quotes: Mermaid reads the braces of a path as a shape."""
    labels = ", ".join(wire.label for wire in wires if wire.label)
    if how == "route":
        return f'"{labels}"' if len(wires) == 1 else f'"{len(wires)} routes"'
    if how in ("rule", "subscription"):
        return f'"{labels}"'
    return f'"{how}: {labels}"' if labels else f'"{how}"'
