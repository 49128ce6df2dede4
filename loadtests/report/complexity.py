"""The chapter of complexity: how much there is to build, to run and to change on each side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadtests.report.tables import Chapter, Column, Finding, Table, table_of
from loadtests.results import SIDES

MARKS = ("network", "eventual", "transaction")
COUNTS = ("lines", "templates", "migrations", "resources", "permissions", "processes", "units", "alarms")
NUMBERS = (Column("feature"), Column("side"), *(Column(name, form="{:,}".format) for name in COUNTS))
COLUMNS = (
    *NUMBERS,
    Column("store calls", "store_calls", "{:.1f}".format),
    *(Column(f"{mark} %", f"{mark}_percent", "{:.1f}".format) for mark in MARKS),
)
NOT_DECLARED = (
    "The repository declares no server, load balancer or database of the monolith, so its 0 resources, permissions and alarms "
    "mean that no file describes them, not that it runs without."
)
Figures = dict[str, Any]


def chapter(figures: Figures) -> Chapter:
    """Return the chapter: the features of both sides, what is counted apart, and the cost of changes."""
    rows = map(_with_shares, (*figures["rows"], *figures["totals"]))
    return Chapter(
        name="complexity",
        findings=list(_findings(figures)),
        tables=[
            table_of(rows, COLUMNS, origin=figures["origin"]),
            table_of(figures["outside"], NUMBERS, title="Not in the total", origin=figures["origin"]),
            *_change_cost(figures),
        ],
        notes=[NOT_DECLARED],
    )


def _with_shares(row: Figures) -> Figures:
    """Return the row with the share of its lines that carry each mark."""
    return {**row, **{f"{mark}_percent": 100 * row[mark] / row["lines"] if row["lines"] else None for mark in MARKS}}


def _findings(figures: Figures) -> Iterator[Finding]:
    monolith, services = figures["totals"]
    yield Finding(
        f"Same behaviour: {monolith['lines']:,} lines and {monolith['templates']} templates, or {services['lines']:,} lines "
        f"and {services['templates']:,} lines of templates. Both use the same {figures['outside'][-1]['lines']:,} lines of rules.",
        figures["origin"],
    )
    if changes := figures["change_cost"]:
        yield Finding(_cost_sentence(changes), figures["origin"])


def _cost_sentence(changes: Sequence[Mapping[str, str]]) -> str:
    """Return what all changes cost together on each side."""
    monolith, services = (
        {
            name: sum(int(row[name]) for row in changes if row["side"] == side)
            for name in ("lines", "releases", "used by")
        }
        for side in SIDES
    )
    return (
        f"{len(changes) // len(SIDES)} usual changes took {monolith['lines']} lines and {monolith['releases']} releases of the "
        f"monolith, or {services['lines']} lines and {services['releases']} releases of services, {services['used by']} of which "
        "use the change."
    )


def _change_cost(figures: Figures) -> Iterator[Table]:
    if rows := figures["change_cost"]:
        columns = [Column(name) for name in rows[0]]
        yield table_of(rows, columns, title="Change cost", origin=figures["origin"])
