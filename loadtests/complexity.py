"""Count how much there is to build and to run, per feature and side, from the files of the repository.

lines           lines of Python without blank lines, comments and docstrings
templates, migrations   their lines, counted in the same way
resources       of the templates, loops expanded; those with a condition are optional and not counted
permissions     actions granted by roles and resource policies, without trust policies
processes       functions of the templates, and programs (`__main__.py`)
units           what is deployed and rolled back independently: a template with functions, or a program
alarms          failure modes with an alarm
network, eventual, transaction   lines that carry this mark

A feature is a package of the monolith. All other files of a side are its row `shared`, such as edge and store access.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadtests.metering.counts import Metering
from loadtests.results import SIDES
from loadtests.systems import contract
from microservices.deploy.templates import parse

CHAPTER = "complexity"
MARKS = ("network", "eventual", "transaction")
KINDS = ("lines", "templates", "migrations", "resources", "permissions", "processes", "units", "alarms", *MARKS)
SHARED, TOOLS, DOMAIN, PLATFORM = "shared", "tools", "shared_domain", "platform"
# Not needed to run on AWS or on a server: local start, build, optional load balancer.
TOOL_FILES = {
    "monolith": {"embedded_postgres.py", "postgres_server.py", "postgres_launcher.py"},
    "microservices": {"__main__.py", "deploy", "balancer"},
}
_FIRST_WORD = re.compile(r"\s*(\w+)")
Row = dict[str, Any]


def chapter(root: Path, metering: Metering | None = None) -> dict[str, Any]:
    """Return the figures of report.json. metering: adds the store calls of each operation."""
    counts = {side: count_side(root / side) for side in SIDES}
    calls = {side: _store_calls(metering, side) if metering else {} for side in SIDES}
    names = (*features(root), SHARED)
    return {
        "rows": [_row(name, side, counts[side][name], calls[side].get(name)) for name in names for side in SIDES],
        "totals": [_row("total", side, sum((counts[side][name] for name in names), Counter())) for side in SIDES],
        "outside": [
            *(_row(TOOLS, side, counts[side][TOOLS]) for side in SIDES),
            _row(DOMAIN, "both", sum(map(count_file, _files(root / DOMAIN)), Counter())),
        ],
        "change_cost": change_cost(root / "docs" / "change-cost.md"),
        "origin": "counted",
    }


def features(root: Path) -> list[str]:
    """Return the features: the packages of the monolith."""
    return sorted({file.parent.name for file in (root / "monolith").glob("*/__init__.py")} - {PLATFORM})


def count_side(side: Path) -> dict[str, Counter[str]]:
    """Return the counts of a side by feature, and of its shared files and tools."""
    names = features(side.parent)
    rows = {name: Counter[str]() for name in (*names, SHARED, TOOLS)}
    for file in _files(side):
        part = file.relative_to(side).parts[0]
        row = TOOLS if part in TOOL_FILES[side.name] else part if part in names else SHARED
        rows[row] += count_file(file)
    return rows


def count_file(file: Path) -> Counter[str]:
    """Return the counts of a Python file, a template or a migration."""
    text = file.read_text(encoding="utf-8")
    if "migrations" in file.parts:
        return Counter(migrations=len(_code_lines(text, python=file.suffix == ".py")))
    if file.suffix == ".yaml":
        return Counter(templates=len(_code_lines(text, python=False))) + _count_template(file)
    program = int(file.name == "__main__.py")
    marked = Counter(mark for line in text.splitlines() for mark in marks(line))
    return Counter(lines=len(_code_lines(text, python=True)), processes=program, units=program) + marked


def change_cost(page: Path) -> list[Row]:
    """Return the rows of the table of docs/change-cost.md, or none if there is no such page."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else ()
    table = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(table[0], cells, strict=True)) for cells in table[2:]]


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*.*")) if file.suffix in (".py", ".yaml", ".mako"))


def _code_lines(text: str, *, python: bool) -> list[str]:
    """Return the lines that are not blank, a comment or part of a docstring."""
    documented = set(_docstring_lines(ast.parse(text))) if python else set[int]()
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [line for number, line in lines if line and not line.startswith("#") and number not in documented]


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(node):
                yield from range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def marks(line: str) -> set[str]:
    """Return the marks in the line's comment, such as `# network; eventual: the stream updates the counts`."""
    parts = line.partition("#")[2].split(";")
    return {found[1] for part in parts if (found := _FIRST_WORD.match(part)) and found[1] in MARKS}


def _count_template(file: Path) -> Counter[str]:
    counts = Counter[str]()
    for resource in parse(file)["Resources"].values():
        if "Condition" in resource:
            continue
        kind, properties = resource["Type"], resource.get("Properties", {})
        counts["resources"] += 1
        granted = [statement["Action"] for statement in _statements(kind, properties)]
        counts["permissions"] += sum(1 if isinstance(each, str) else len(each) for each in granted)
        counts["processes"] += kind == "AWS::Serverless::Function"
        counts["alarms"] += kind == "AWS::CloudWatch::Alarm"
    counts["units"] = int(counts["processes"] > 0)  # the monolith's template deploys its program
    return counts


def _statements(kind: str, properties: Row) -> list[Row]:
    if kind == "AWS::Lambda::Permission":
        return [properties]
    documents = [each.get("PolicyDocument") for each in (*properties.get("Policies", ()), properties)]
    return [statement for document in documents if document for statement in document["Statement"]]


def _store_calls(metering: Metering, side: str) -> dict[str, float]:
    """Return by feature the mean store calls of an operation, those after the answer included."""
    paths = contract()["paths"]
    calls: dict[str, list[float]] = {}
    for name, operation in metering.operations.get(side, {}).items():
        method, _, path = name.partition(" ")
        feature = paths.get(path, {}).get(method.lower(), {}).get("tags", [""])[0]  # a WebSocket message has none
        total = sum(work.runs * sum(store.calls for store in work.stores) for work in operation.work)
        calls.setdefault(SHARED if feature == PLATFORM else feature, []).append(total)
    return {feature: sum(each) / len(each) for feature, each in calls.items()}


def _row(name: str, side: str, counts: Counter[str], calls: float | None = None) -> Row:
    return {"feature": name, "side": side, **{kind: counts[kind] for kind in KINDS}, "store_calls": calls}
