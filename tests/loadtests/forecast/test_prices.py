"""Prices and parameters are data: each has a unit, a source and a date, and no figure of AWS is in the code."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from loadtests.errors import UsageError
from loadtests.forecast import parameters
from loadtests.forecast.costs import price_of
from loadtests.forecast.parameters import FOLDER, PARAMETERS, REGIONS, Figure, load, read
from loadtests.forecast.units import UNITS

PRICES = sorted((FOLDER / "prices").glob("*.yaml"))
MODULES = sorted((*FOLDER.glob("*.py"), *FOLDER.with_name("metering").glob("*.py")))
FIGURES = {
    f"{file.stem} {name}": figure for file in (PARAMETERS, *PRICES) for name, figure in read(file).figures.items()
}
PRICE_UNIT = re.compile(r"USD per ((thousand|million) )?[\w/ -]+|share of the price of the instance")
# Numbers that code may have without a name: arithmetic, percentiles, and conversions of units and time.
PLAIN = {0, 1, 2, 3, 0.5, 50, 95, 99, 100, 1000, 1e6, 1e9, 1024, 30, 60, 3600, 24, 7, 730}
# Settings of a computation and tolerances of a check, by file. None is a price, a limit or a latency of AWS.
SETTINGS = {
    "bill.py": {"CURVE_POINTS", "PERCENTILES"},
    "breakeven.py": {"LEAST_RPS", "MOST_RPS", "POINTS", "SAMPLES", "MOST_ASSUMPTIONS"},
    "day.py": {"DAY_S", "FULL", "LEAST_RATE", "LEAST_SERVICE_S", "BURST"},
    "latency.py": {"SAMPLES", "SEED", "FAR", "PERCENTILES"},
    "meter.py": {"_DRAWS", "_ACCESS_LOG_VALUES"},
    "queueing.py": {"LOADS", "PHASES"},
    "published.py": {"ROUNDING_MS", "EXACT", "TIME", "TAIL", "CORES", "LOW", "KNEE", "TOLERANCES"},
    "scale.py": {"DECADES", "SAMPLES", "PERCENTILES"},
}
# Bounds of a sum or a percentile, and the memory sizes of published tables.
BOUNDS = {
    "queueing.py": {10, 12}, "latency.py": {45, 55, 98}, "published.py": {0.05, 128, 512, 1769, 2048},
}  # fmt: skip


def mistakes(figure: Figure) -> list[str]:
    """Return what a figure lacks."""
    kinds = (figure.value is not None, figure.tiers, figure.percentiles)
    values = [figure.value, *(price for _, price in figure.tiers[:1]), figure.percentiles.get("p50")]
    middle = next(value for value in (*values, 0.0) if value is not None)
    low, high = figure.range or (middle, middle)
    bounds = [bound for bound, _ in figure.tiers]
    points = [(float(name.removeprefix("p")), value) for name, value in figure.percentiles.items()]
    wrong = {
        "not one of value, tiers and percentiles": sum(map(bool, kinds)) != 1,
        "no unit": not figure.unit,
        "not read in 2026": figure.read.year != date(2026, 10, 15).year,
        "neither cited nor assumed": not (figure.source or figure.assumed),
        "assumed without a range": figure.assumed and not figure.range,
        "outside of its range": not low <= middle <= high,
        "percentiles without p50": bool(points) and "p50" not in figure.percentiles,
        "percentiles that do not rise from 0": sorted(points) != points
        or sorted([0.0, *figure.percentiles.values()]) != [0.0, *figure.percentiles.values()],
        "tiers without order": bool(bounds) and (bounds[-1] is not None or bounds[:-1] != sorted(filter(None, bounds))),
    }
    return [mistake for mistake, there in wrong.items() if there]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_a_value_a_unit_a_date_and_a_source_or_a_range(name: str) -> None:
    assert mistakes(FIGURES[name]) == []


def test_a_wrong_figure_is_detected() -> None:
    planted = Figure(unit="", read=date(2020, 1, 1), value=3, range=(1, 2), tiers=((None, 1.0), (5.0, 2.0)))
    assert len(mistakes(planted)) == 6
    assert mistakes(Figure(unit="ms", read=date(2026, 10, 15), value=1, assumed=True)) == ["assumed without a range"]


@pytest.mark.parametrize(
    ("percentiles", "mistake"),
    [
        ({"p90": 3.0}, "percentiles without p50"),
        ({"p50": 3.0, "p90": 2.0}, "percentiles that do not rise from 0"),
        ({"p90": 3.0, "p50": 2.0}, "percentiles that do not rise from 0"),
        ({"p50": -1.0}, "percentiles that do not rise from 0"),
    ],
)
def test_a_wrong_distribution_is_detected(percentiles: dict[str, float], mistake: str) -> None:
    figure = Figure(unit="ms", read=date(2026, 10, 15), percentiles=percentiles, source="x")
    assert mistakes(figure) == [mistake]


@pytest.mark.parametrize("file", (PARAMETERS, *PRICES), ids=lambda file: file.stem)
def test_every_source_is_stated(file: Path) -> None:
    figures = read(file)
    assert {figure.source for figure in figures.figures.values()} - {""} <= {*figures.sources}


@pytest.mark.parametrize("region", REGIONS)
def test_every_billed_unit_has_a_price_in_every_region(region: str) -> None:
    prices = read(max((FOLDER / "prices").glob(f"{region}-*.yaml"))).figures
    assert {*UNITS} <= {*prices}
    assert {*prices} == {*read(PRICES[0]).figures}
    assert [name for name, price in prices.items() if not PRICE_UNIT.fullmatch(price.unit)] == []


def test_names_of_prices_and_parameters_differ() -> None:
    assert not {*read(PARAMETERS).figures} & {*read(PRICES[0]).figures}


def test_prices_that_old_pages_still_print_are_not_used() -> None:
    prices = load("us-east-1")
    assert (prices.value("dynamodb.write_units"), prices.value("dynamodb.read_units")) == (0.625, 0.125)
    assert len(prices.figure("http_api.requests").tiers) == 2  # a third one of .80 is of WebSocket
    assert prices.figure("websocket.messages").tiers[1][1] == 0.80
    assert prices.value("sqs.requests") < prices.value("sqs.fifo_requests")
    assert prices.figure("logs.lambda_gb").tiers[0][1] == prices.value("logs.ingested_gb")


def test_a_tier_is_paid_for_the_quantity_within_it() -> None:
    logs = load("us-east-1").figure("logs.lambda_gb")
    assert price_of(60_000, logs) == pytest.approx(12_500)  # the sum that the source states for 60 TB
    requests = load("us-east-1").figure("http_api.requests")
    assert price_of(310e6, requests) == pytest.approx(300 * 1.00 + 10 * 0.90)
    assert price_of(1e6, load("us-east-1").figure("secrets.requests")) == pytest.approx(5)


def test_an_unknown_region_or_name_says_what_there_is() -> None:
    with pytest.raises(UsageError, match="no prices of mars-1; there are us-east-1, eu-central-1"):
        load("mars-1")
    with pytest.raises(UsageError, match=r"unknown parameter 'lambda\.request'; close: lambda\.requests"):
        load().value("lambda.request")


def _numbers(tree: ast.Module, settings: set[str]) -> set[float]:
    """Return the numbers of a module, without those of its settings."""
    excepted = [
        node for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if {each.id for each in ast.walk(target) if isinstance(each, ast.Name)} & settings
    ]  # fmt: skip
    left = {id(one) for node in excepted for one in ast.walk(node)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in left)
    return {
        node.value for node in constants if isinstance(node.value, int | float) and not isinstance(node.value, bool)
    }


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_no_figure_is_hidden_in_code(file: Path) -> None:
    numbers = _numbers(ast.parse(file.read_text()), SETTINGS.get(file.name, set()))
    assert numbers <= PLAIN | BOUNDS.get(file.name, set()), (
        f"move it to {parameters.PARAMETERS.name}, or name it as a setting"
    )


def test_a_planted_number_is_detected() -> None:
    assert _numbers(ast.parse("POINTS = 5\ndollars = 0.0000166667 * seconds"), {"POINTS"}) == {0.0000166667}
