"""Costs of both sides for a month of traffic, from counted units and cited prices.

The services pay for requests, the monolith for hours. INIT, logs and everything after the answer are billed. The free tier is
off. A unit without a meter or a price is a gap, and a bill with a gap is unverified.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loadtests.errors import UsageError
from loadtests.forecast import servers
from loadtests.forecast.parameters import Figure, Parameters
from loadtests.forecast.queueing import cold_share
from loadtests.forecast.servers import Costs
from loadtests.forecast.traffic import Floats, Traffic
from loadtests.forecast.units import (
    SIZING,
    Runs,
    Units,
    gaps,
    runs_of,
    standing_units,
    summed,
    units_of,
    units_of_cold_start,
)
from loadtests.metering.counts import MONOLITH, SERVICES, Metering
from loadtests.results import SIDES

ONE_VM, ONE_ZONE, TWO_ZONES, FUNCTIONS, MANAGED = (
    "one VM", "Fargate, one zone", "Fargate, two zones", "functions", "managed instances",
)  # fmt: skip
FORMS = {ONE_VM: MONOLITH, ONE_ZONE: MONOLITH, TWO_ZONES: MONOLITH, FUNCTIONS: SERVICES, MANAGED: SERVICES}
LIKE_FOR_LIKE = TWO_ZONES  # the functions run in several zones too
CPU, MINUTES = "server.cpu_seconds", "websocket.connection_minutes"
OWN_PRICES = {MANAGED: "lambda.gb_seconds"}  # a unit that a form pays by the hour
_PER = {"thousand": 1000, "million": 1e6}
_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The units of both sides for a mix.

    mix: calls of each operation in one request. operations: units of one call, by side and operation. request: of one request
    of the mix, by side. standing: of the services in a month without requests. starts: the runs of each function for one request,
    with the units of a cold start. cpu_s: processor time of the functions for one request. gaps: what has no meter or no price.
    """

    metering: Metering
    mix: Mapping[str, float]
    parameters: Parameters
    operations: Mapping[str, Mapping[str, Units]]
    request: Mapping[str, Units]
    standing: Units
    starts: Sequence[tuple[Runs, Units]]
    cpu_s: float
    gaps: Sequence[str]


def mix_of(metering: Metering, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the calls of each operation in one request, from weights of journeys. Raise UsageError for one without a meter."""
    if unmetered := sorted({*weights} - {*metering.journeys}):
        raise UsageError(f"the metering has no journey {', '.join(unmetered)}; it has {', '.join(metering.journeys)}")
    calls = _sum((metering.journeys[journey], weight) for journey, weight in weights.items())
    total_calls = sum(calls.values())
    return {operation: count / total_calls for operation, count in calls.items()}


def model_of(metering: Metering, mix: Mapping[str, float], parameters: Parameters) -> Model:
    """Return the model of a mix."""
    metered = {side: [name for name in mix if name in metering.operations[side]] for side in SIDES}
    operations = {
        side: {name: units_of(side, name, metering=metering, parameters=parameters) for name in metered[side]}
        for side in SIDES
    }
    request = {side: _sum((units, mix[name]) for name, units in operations[side].items()) for side in SIDES}
    minutes = parameters.value("traffic.seconds_per_request") * parameters.value("websocket.open_share") / _MINUTE_S
    request[SERVICES][MINUTES] = minutes
    runs = runs_of({name: mix[name] for name in metered[SERVICES]}, metering, parameters)
    starts = [(each, units_of_cold_start(metering.functions[name], parameters)) for name, each in runs.items()]
    standing = standing_units(metering, parameters)
    unmetered = [f"{name} on the {side}" for side in SIDES for name in mix if name not in metered[side]]
    works = ((mix[name], work) for name in metered[SERVICES] for work in metering.operations[SERVICES][name].work)
    return Model(
        metering=metering,
        mix=mix,
        parameters=parameters,
        operations=operations,
        request=request,
        standing=standing,
        starts=starts,
        cpu_s=sum(share * work.runs * work.cpu_ms / 1000 for share, work in works),
        gaps=(*unmetered, *gaps({*request[MONOLITH], *request[SERVICES], *standing}, parameters)),
    )


def price_of(quantity: Floats | float, figure: Figure) -> Floats:
    """Return the dollars of a month's quantity. Each tier has a price of its own."""
    words = figure.unit.split()  # such as: USD per million requests
    per = _PER.get(words[2], 1) if len(words) > 2 else 1
    if figure.value is not None:
        return np.asarray(quantity) * figure.value / per
    dollars, lower = np.zeros_like(quantity, dtype=float), 0.0
    for bound, price in figure.tiers:
        upper = np.inf if bound is None else bound
        dollars += (np.clip(quantity, lower, upper) - lower) * price
        lower = upper
    return dollars / per


def quantities(model: Model, side: str, traffic: Traffic) -> dict[str, Floats]:
    """Return the units of a month. Cold starts are as frequent as a warm pool predicts for the peak rate."""
    parts = [(model.request[side], traffic.requests)]
    if side == SERVICES:
        expiry_s = model.parameters.value("lambda.idle_expiry")
        for each, units in model.starts:
            rounded_s = float(f"{each.service_s:.0e}")  # cold starts hardly depend on it, and their grid is cached
            share = cold_share(traffic.peak * each.runs, rounded_s, expiry_s)
            parts.append((units, share * each.runs * traffic.requests))
        parts.append((model.standing, np.ones_like(traffic.mean)))
    return _sum(parts)


def costs(model: Model, form: str, traffic: Traffic) -> Costs:
    """Return the dollars of a month by part, for one form of deployment."""
    counted, parameters = quantities(model, FORMS[form], traffic), model.parameters
    apart = {*SIZING, servers.BETWEEN_ZONES, OWN_PRICES.get(form)}
    priced: Costs = {
        name: price_of(count, parameters.figure(name))
        for name, count in counted.items()
        if name not in apart and name in parameters.figures
    }
    by_hour: Costs = {}
    if form == MANAGED:
        functions = len(model.metering.functions)
        by_hour = servers.managed_instances(traffic, parameters, functions=functions, cpu_s=model.cpu_s)
    elif form == ONE_VM:
        by_hour = servers.one_vm(traffic, parameters, counted)
    elif form != FUNCTIONS:
        by_hour = servers.fargate(traffic, parameters, counted, zones=1 if form == ONE_ZONE else 2)
    return {**by_hour, **priced}


def total(parts: Costs) -> Floats:
    """Return the sum of all parts."""
    return np.asarray(sum(parts.values()))


def dollars_of_calls(model: Model, traffic: Traffic) -> dict[str, dict[str, float]]:
    """Return the dollars of one call of each operation, by side.

    A call of the services pays for its units at the month's mean price. A call of the monolith pays for its share of the
    processor time, on Fargate in two zones. Cold starts and what the services pay without requests belong to no call.
    """
    counted, parts = quantities(model, SERVICES, traffic), costs(model, FUNCTIONS, traffic)
    prices = {name: float(dollars / counted[name]) for name, dollars in parts.items() if counted[name]}
    one_s = float(total(costs(model, LIKE_FOR_LIKE, traffic)) / traffic.requests) / (
        model.request[MONOLITH][CPU] or 1.0
    )
    return {
        MONOLITH: {name: units[CPU] * one_s for name, units in model.operations[MONOLITH].items()},
        SERVICES: {
            name: sum(quantity * prices.get(unit, 0.0) for unit, quantity in units.items())
            for name, units in model.operations[SERVICES].items()
        },
    }


def _sum(parts: Iterable[tuple[Mapping[str, float], Any]]) -> dict[str, Any]:
    """Return the sum of units, each part as often as its number says."""
    return summed((name, times * quantity) for units, times in parts for name, quantity in units.items())
