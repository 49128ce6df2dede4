"""Write a page for each path of paths.yaml: the functions that one request runs through on both sides."""

from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from loadtests.results import SIDES
from microservices.deploy.wiring import Wire, wires
from pages import figures, twins
from pages.features import TEMPLATES
from pages.sources import Sources

PATHS = Path(__file__).parent / "paths.yaml"
FUNCTION, QUEUE = "function", "queue"


def write(folder: Path, sources: Sources) -> None:
    """Write the page of each path. Raise KeyError if a function does not exist."""
    (folder / "paths").mkdir(parents=True)
    for name, path in yaml.safe_load(PATHS.read_text(encoding="utf-8")).items():
        page = f"paths/{name}.md"
        (folder / page).write_text(render(path, sources, page=page), encoding="utf-8")


def render(path: dict[str, Any], sources: Sources, *, page: str) -> str:
    """Return the Markdown of a path's page."""
    steps = {side: [_step(step, sources, page) for step in path[side]] for side in SIDES}
    return TEMPLATES.get_template("path.md.jinja").render(
        path=path, steps=steps, sides=SIDES, operation=figures.operation(path["operation"]), report=figures.report(),
        diagram=figures.diagram(_wires(path["operation"])), lags=figures.report()["latency"]["freshness"],
    )  # fmt: skip


def _step(step: list[str], sources: Sources, page: str) -> dict[str, Any]:
    file, function, about, *answered = step
    path = PurePosixPath(file)
    quote = twins.quote(path, twins.find_chunk(path, function), sources=sources, page=page)
    return {"function": function, "about": about, "quote": quote, "answered": bool(answered)}


def _wires(operation: str) -> list[Wire]:
    """Return the wires between the functions that the metered operation ran, and the tables, queues and topics between them."""
    ran = {hop["name"] for hop in figures.hops(operation, SIDES[1])}
    return [wire for wire in wires() if wire.how != "rule" and _touches(wire, ran)]


def _touches(wire: Wire, ran: set[str]) -> bool:
    nodes = [node for node in (wire.source, wire.target) if node.kind in (FUNCTION, QUEUE)]
    return bool(nodes) and all(node.name in ran for node in nodes)
