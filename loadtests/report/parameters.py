"""The table of the parameters behind a forecast: cited, assumed or measured figures, from `forecast/parameters.py`."""

from collections.abc import Iterator, Mapping
from typing import Any

from loadtests.report.tables import Column, Table, number, table_of

COLUMNS = tuple(map(Column, ("parameter", "value", "unit", "range", "basis", "read", "note")))
Figures = Mapping[str, Any]


def parameter_table(parameters: Mapping[str, Figures]) -> Table:
    """Return a row for each parameter, by name."""
    return table_of(_rows(parameters), COLUMNS, title="Parameters")


def basis(parameter: Figures) -> str:
    """Return whether a parameter is cited, assumed or measured, with the key of its source."""
    kind = "assumed" if parameter.get("assumed") else "cited" if parameter.get("source") else "measured"
    return " · ".join(filter(None, (kind, parameter.get("source"))))


def _rows(parameters: Mapping[str, Figures]) -> Iterator[Figures]:
    for name, one in parameters.items():
        tiers = [f"{number(price)}{f' to {bound:,.0f}' if bound else ''}" for bound, price in one.get("tiers", ())]
        points = [f"{point} {number(value)}" for point, value in one.get("percentiles", {}).items()]
        yield {
            "parameter": name,
            "value": ", ".join((*tiers, *points)) or number(one["value"]),
            "unit": one["unit"],
            "range": " – ".join(map(number, one.get("range") or ())) or None,
            "basis": basis(one),
            "read": one["read"],
            "note": one.get("note"),
        }
