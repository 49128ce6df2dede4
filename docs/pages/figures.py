"""The figures of a feature, from the reference run, the contract and the code: operations, store calls, hops, bill, complexity."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from loadtests import complexity
from loadtests.processes import ROOT
from loadtests.report import REFERENCE
from loadtests.results import SIDES
from microservices.deploy import diagrams
from microservices.deploy.wiring import Wire, wires

METHODS = ("get", "put", "post", "patch", "delete")
ROUTINE = {"BEGIN", "COMMIT", "ROLLBACK"}
Row = dict[str, Any]


@cache
def report() -> Row:
    """Return the report of the reference run."""
    decoded: Row = json.loads((REFERENCE / "report.json").read_text(encoding="utf-8"))
    return decoded


@cache
def features() -> list[str]:
    """Return the features, sorted."""
    return complexity.features(ROOT)


@cache
def _contract() -> list[tuple[str, Row]]:
    """Return the operations of the contract: feature, and id, name such as `GET /posts`, and summary."""
    paths = yaml.load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)["paths"]
    return [
        (each["tags"][0], {"id": each["operationId"], "name": f"{method.upper()} {path}", "summary": each["summary"]})
        for path, methods in paths.items()
        for method, each in methods.items()
        if method in METHODS
    ]


def operations(feature: str) -> list[Row]:
    """Return the operations of a feature: those of the contract, else messages such as `live subscribe`."""
    metered = report()["metering"]["operations"]["microservices"]
    messages = [name for name in metered if name.startswith(f"{feature} ")]
    return [operation(name) for name in [each["name"] for tag, each in _contract() if tag == feature] or messages]


def operation(name: str) -> Row:
    """Return an operation: id, name, summary, store calls, hops and medians of both sides."""
    described = next((each for _, each in _contract() if each["name"] == name), {"id": name, "summary": ""})
    return described | {
        "name": name,
        "stores": store_calls().get(described["id"], []),
        "hops": {side: hops(name, side) for side in SIDES},
        "medians": medians(name),
        "traces": traces(name),
    }


@cache
def store_calls() -> dict[str, list[Row]]:
    """Return the rows of docs/store-calls.md by operation: case, and the calls of both sides."""
    rows: dict[str, list[Row]] = {}
    for line in (ROOT / "docs" / "store-calls.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.match(r"\w+(,.*)?$", cells[0]):
            row = {"case": cells[0], "microservices": cells[1], "monolith": cells[2]}
            rows.setdefault(cells[0].partition(",")[0], []).append(row)
    return rows


def hops(operation: str, side: str) -> list[Row]:
    """Return what runs for one call of an operation, in order: function, trigger, waited, store calls, processor time."""
    metered = report()["metering"]["operations"][side].get(operation, {"work": []})
    return [
        {key: work[key] for key in ("name", "trigger", "waited", "cpu_ms")} | {"stores": _stores(work["stores"])}
        for work in sorted(metered["work"], key=lambda work: not work["waited"])
    ]


def _stores(calls: list[Row]) -> str:
    """Return the store calls of a run in short, such as `GetItem, 2 × Query`."""
    counts = Counter[str]()
    for call in calls:
        if call["name"] not in ROUTINE:
            counts[call["name"].partition(" ")[2] if "dynamodb" in call["name"] else call["name"]] += call["calls"]
    return ", ".join(name if round(count, 1) == 1 else f"{count:.3g} × {name}" for name, count in counts.items())


def medians(operation: str) -> dict[str, Row]:
    """Return the modelled median on AWS of each side that has one, with its parts in milliseconds."""
    both = report()["latency"]["operations"].get(operation, {})
    return {
        side: {"p50": both[side]["p50_ms"], "p99": both[side]["p99_ms"], "parts": both[side]["p50_parts"]}
        for side in SIDES
        if side in both
    }


def traces(operation: str) -> dict[str, list[Row]]:
    """Return the spans of one traced call by side, those after the answer included; none if the reference run has no traces.

    The lines of the code are those of the commit of the run.
    """
    journeys = report().get("explain", {"journeys": {}})["journeys"].values()
    calls = {
        side: [call for each in journeys for call in each[side] if call["operation"] == operation] for side in SIDES
    }
    return {side: spans(each[0]) for side, each in calls.items() if each}


def spans(call: Row) -> list[Row]:
    """Return the spans of a traced call with begin and length in percent of the trace, and `later` for those after the answer."""
    every = [(span, "") for span in call["spans"]] + [(span, "later") for span in call["afterwards"]["spans"]]
    end = max(call["ms"], *(span["at_ms"] + span["ms"] for span, _ in every))
    return [
        {
            "label": f"{span['service']}: {span['name']}", "depth": span["depth"], "ms": span["ms"], "later": later,
            "line": next(iter(span["lines"]), ""), "from": 100 * span["at_ms"] / end, "width": 100 * span["ms"] / end,
        }
        for span, later in every
    ]  # fmt: skip


def bill(feature: str) -> Row | None:
    """Return dollars of a million requests, and the feature's share of what all features cost, by side; or None."""
    rows = report()["bill"]["features"]
    own = next((row for row in rows if row["feature"] == feature), None)
    return own and {side: {"dollars": own[side], "share": own[side] / sum(row[side] for row in rows)} for side in SIDES}


@cache
def _complexity() -> list[Row]:
    rows: list[Row] = complexity.chapter(ROOT)["rows"]
    return rows


def size(feature: str) -> dict[str, Row]:
    """Return the counts of complexity by side."""
    return {row["side"]: row for row in _complexity() if row["feature"] == feature}


def feature_wires(feature: str) -> list[Wire]:
    """Return the wires that touch a function, queue, table, stream or bucket of the service, but none of the load balancer."""
    ends = ((wire, (wire.source, wire.target)) for wire in wires() if wire.how != "rule")
    return [wire for wire, nodes in ends if any(node.name.partition("-")[0] == feature for node in nodes)]


def diagram(touching: list[Wire]) -> str:
    """Return a diagram of some wires, from top to bottom, so that it fits a column."""
    return diagrams.event_sources(touching).replace("flowchart LR", "flowchart TB")


def couplings(feature: str) -> Iterator[tuple[str, str, str]]:
    """Yield the imports between modules of the monolith that touch the feature: importer, imported, reason."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    for entry in next(each["ignore_imports"] for each in contracts if "ignore_imports" in each):
        importer, imported = entry.split(" -> ")
        if feature in (importer.split(".")[1], imported.split(".")[1]):
            reason = re.search(rf'"{re.escape(entry)}",\s*# (.*)', text)
            yield importer, imported, reason[1] if reason else ""
