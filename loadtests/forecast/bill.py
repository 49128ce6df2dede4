"""The chapter `bill` of report.json: a month of both sides, unit by unit, and the break-even with what moves it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from loadtests import mixes
from loadtests.errors import UsageError
from loadtests.forecast import breakeven, costs
from loadtests.forecast.costs import Model
from loadtests.forecast.parameters import REGIONS, Parameters, Recording, load
from loadtests.forecast.servers import CAPACITY
from loadtests.forecast.traffic import Traffic, flat, parse
from loadtests.forecast.units import UNITS
from loadtests.metering.counts import GATEWAY, MONOLITH, SERVICES, Metering
from loadtests.results import SIDES

CHAPTER = "bill"
CURVE_POINTS, CURVE_TO_RPS = 60, 1000
PERCENTILES = (5, 95)  # of an interval
MILLION = 1e6
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is billed. memory_mb: of every function instead of the templates'. changes: values of figures by name."""

    traffic: str = "50rps flat"
    region: str = REGIONS[0]
    mix: str = "everything"
    memory_mb: int | None = None
    changes: tuple[tuple[str, float], ...] = ()


DEFAULT = Options()


def chapter(metering: Metering, report: Mapping[str, Any], options: Options = DEFAULT) -> Row:
    """Return the chapter. The monolith is sized by the report's chapter `capacity`, if there is one.

    A break-even is None if the functions never cost more, and 0 if they always do.
    """
    values = _with_capacity(load(options.region), report, options.mix).with_values(options.changes)
    recording = Recording(values.figures)
    recorded = replace(values, figures=recording)
    traffic = parse(options.traffic, recorded)
    metering = _with_memory(metering, options.memory_mb, values)
    mix = costs.mix_of(metering, mixes.by_name(options.mix).journeys)

    def build(parameters: Parameters) -> Model:
        return costs.model_of(metering, mix, parameters)

    model = build(recorded)
    rows = [_form(model, form, traffic) for form in costs.FORMS]
    uncertain = sorted(recording.used - {*dict(options.changes)})  # what the user sets has no range
    spans = {name: span for name in uncertain if (span := values.figure(name).range)}
    samples = [breakeven.break_evens(one) for one in breakeven.sample(build, values, spans)]
    for row in rows:
        if row["form"] in breakeven.OTHER_FORMS:
            row["interval"] = np.percentile([one[row["form"]] for one in samples], PERCENTILES, method="nearest")
    month = {"name": traffic.name, **{key: getattr(traffic, key) for key in ("peak", "duty", "requests")}}
    return _plain({
        "origin": "modelled", "region": options.region, "mix": options.mix, "memory_mb": options.memory_mb,
        "changes": dict(options.changes), "unverified": model.gaps, "traffic": month, "forms": rows,
        "units": _units(model, traffic), **_shares(model, traffic), "curve": _curve(model),
        "swings": [one._asdict() for one in breakeven.swings(build, values, spans)],
        "validated_to": recorded.value("scale.validated"),
        "like_for_like": costs.LIKE_FOR_LIKE, "parameters": {name: values.figures[name] for name in sorted(recording.used)},
        **{key: report[key] for key in ("commit", "machine") if key in report},
    })  # fmt: skip


def _form(model: Model, form: str, traffic: Traffic) -> Row:
    """Return a form of deployment: a month, a month without requests on the same servers, and the break-even."""
    parts = costs.costs(model, form, traffic)
    month, idle = costs.total(parts), costs.total(costs.costs(model, form, traffic.idle))
    row: Row = {
        "form": form, "side": costs.FORMS[form], "month": month, "idle": idle,
        "per_million": month / traffic.requests * MILLION, "parts": parts,
    }  # fmt: skip
    if form in breakeven.OTHER_FORMS:
        row["break_even"] = breakeven.break_even(model, form)
        row["duty"] = breakeven.duty_cycle(model, form, traffic.peak)
    return row


def _units(model: Model, traffic: Traffic) -> list[Row]:
    """Return the services' units, those that cost most first. idle: dollars of a month without requests."""
    month, idle = (costs.costs(model, costs.FUNCTIONS, one) for one in (traffic, traffic.idle))
    counted = costs.quantities(model, SERVICES, traffic)
    rows: list[Row] = [
        {
            "unit": name, "about": UNITS[name]["about"], "quantity": counted[name], "month": dollars, "idle": idle[name],
            "per_million": dollars / traffic.requests * MILLION,
        }
        for name, dollars in month.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -float(row["month"]))


def _shares(model: Model, traffic: Traffic) -> dict[str, list[Row]]:
    """Return dollars of a million journeys, and of each feature in a million requests, on both sides."""
    calls = costs.dollars_of_calls(model, traffic)

    def dollars(times: Mapping[str, float]) -> Row:
        return {
            side: MILLION * sum(count * calls[side].get(name, 0.0) for name, count in times.items()) for side in SIDES
        }

    features: dict[str, dict[str, float]] = {}
    for name, share in model.mix.items():
        features.setdefault(_feature_of(model.metering, name), {})[name] = share
    journeys = {name: times for name, times in model.metering.journeys.items() if {*times} <= {*model.mix}}
    return {
        "journeys": [{"journey": name, **dollars(times)} for name, times in journeys.items()],
        "features": [{"feature": name, **dollars(times)} for name, times in sorted(features.items())],
    }


def _feature_of(metering: Metering, operation: str) -> str:
    """Return the feature whose function answers an operation; `gateway` if none does."""
    called = metering.operations[SERVICES].get(operation)
    answering = [work.name for work in called.work if work.trigger == GATEWAY] if called else []
    return metering.functions[answering[0]].feature if answering else "gateway"


def _curve(model: Model) -> Row:
    """Return the dollars of a month at constant rates."""
    rates = np.geomspace(breakeven.LEAST_RPS, CURVE_TO_RPS, CURVE_POINTS)
    months = {form: costs.total(costs.costs(model, form, flat(rates))) for form in costs.FORMS}
    return {"rates": rates, "months": months}


def _with_capacity(values: Parameters, report: Mapping[str, Any], mix: str) -> Parameters:
    """Return the parameters with the capacity of the monolith from the chapter `capacity`: of this mix, or of another one."""
    scenarios = report.get("capacity", {}).get("scenarios", {})
    scenario = mix if mix in scenarios else next(iter(scenarios), "")
    measured = scenarios.get(scenario, {}).get(MONOLITH)
    if not (measured and measured["low"]):
        return values
    cores = report["capacity"].get("machine", report["machine"])["cores"]
    figure = msgspec.structs.replace(
        values.figure(CAPACITY), value=measured["knee"] / cores, assumed=False,
        range=(measured["low"] / cores, (measured["high"] or measured["knee"]) / cores),
        note=f"measured: {scenario} within {report['capacity']['slo']}, on {cores} cores with its database",
    )  # fmt: skip
    return replace(values, figures={**values.figures, CAPACITY: figure})


def _with_memory(metering: Metering, memory_mb: int | None, values: Parameters) -> Metering:
    if memory_mb is None:
        return metering
    low, high = values.figure("lambda.memory_mb").range or (0, 0)
    if not low <= memory_mb <= high:
        raise UsageError(f"--memory: {memory_mb} MB is not from {low:g} to {high:g}")
    change = msgspec.structs.replace
    functions = {name: change(one, memory_mb=memory_mb) for name, one in metering.functions.items()}
    return change(metering, functions=functions)


def _plain(value: Row) -> Row:
    """Return plain data for JSON, with None for an infinite number."""
    return dict(msgspec.json.decode(msgspec.json.encode(value, enc_hook=lambda array: array.tolist())))
