"""Costs of both sides for a month of traffic, from counted units and cited prices.

The services pay for requests, the monolith for hours. INIT, logs and everything after the answer are billed. The free tier is
off. A unit without a meter or a price is a gap, and a bill with a gap is unverified.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from loadtests.errors import UsageError
from loadtests.forecast import servers
from loadtests.forecast.counts import GATEWAY, Metering
from loadtests.forecast.parameters import Figure, Parameters
from loadtests.forecast.servers import Costs
from loadtests.forecast.traffic import Floats, Traffic
from loadtests.forecast.units import GIB, SIZING, gaps, standing_units, units_of
from loadtests.results import SIDES

MONOLITH, SERVICES = SIDES
ONE_VM, ONE_ZONE, TWO_ZONES, FUNCTIONS, MANAGED = (
    "one VM", "Fargate, one zone", "Fargate, two zones", "functions", "managed instances",
)  # fmt: skip
FORMS = {ONE_VM: MONOLITH, ONE_ZONE: MONOLITH, TWO_ZONES: MONOLITH, FUNCTIONS: SERVICES, MANAGED: SERVICES}
LIKE_FOR_LIKE = TWO_ZONES  # the functions run in several zones too
CPU, STORED = "server.cpu_seconds", "database.stored_gb"  # of the monolith: they size it and have no price
DURATION, MINUTES, BETWEEN_ZONES, OUT = (
    "lambda.gb_seconds", "websocket.connection_minutes", "network.between_zones_gb", "network.out_gb",
)  # fmt: skip
_PER = {"thousand": 1000, "million": 1e6}
_MINUTE_S = 60
# What a call stores, by the kinds of `Metering.stored_bytes`. A vote that replaces another one is counted as a new one.
_STORED = {
    "POST /users": "user", "POST /posts": "post", "PUT /posts/{post_id}/vote": "vote", "POST /orders": "order",
    "POST /feedback": "feedback", "PUT /users/me/avatar": "avatar",
}  # fmt: skip
_IN_S3 = "avatar"
Units = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The units of both sides.

    mix: calls of each operation in one request. operations: units of one call, by side and operation. request: of one request
    of the mix, by side. standing: of the services in a month without requests. cpu_s: processor time of the functions for one
    request. gaps: what has no meter or no price.
    """

    metering: Metering
    mix: Mapping[str, float]
    parameters: Parameters
    operations: Mapping[str, Mapping[str, Units]]
    request: Mapping[str, Units]
    standing: Units
    cpu_s: float
    gaps: tuple[str, ...]


def mix_of(metering: Metering, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the calls of each operation in one request, from weights of journeys. Raise UsageError for one without a meter."""
    if unmetered := sorted({*weights} - {*metering.journeys}):
        raise UsageError(f"the metering has no journey {', '.join(unmetered)}; it has {', '.join(metering.journeys)}")
    calls = _sum((metering.journeys[journey], weight) for journey, weight in weights.items())
    total_calls = sum(calls.values())
    return {operation: count / total_calls for operation, count in calls.items()}


def model_of(metering: Metering, mix: Mapping[str, float], parameters: Parameters) -> Model:
    """Return the model of a mix."""
    called = {
        side: {name: metering.operations[side][name] for name in mix if name in metering.operations[side]}
        for side in SIDES
    }
    operations = {side: {name: _of_call(side, name, metering, parameters) for name in called[side]} for side in SIDES}
    request = {side: _sum((units, mix[name]) for name, units in operations[side].items()) for side in SIDES}
    request[SERVICES][MINUTES] = (
        parameters.value("traffic.seconds_per_request") * parameters.value("websocket.open_share") / _MINUTE_S
    )
    standing = standing_units(SERVICES, metering=metering, parameters=parameters)
    unmetered = [f"{name} on the {side}" for side in SIDES for name in mix if name not in called[side]]
    return Model(
        metering=metering,
        mix=mix,
        parameters=parameters,
        operations=operations,
        request=request,
        standing=standing,
        cpu_s=sum(
            mix[name] * work.runs * work.cpu_ms / 1000 for name, one in called[SERVICES].items() for work in one.work
        ),
        gaps=(*unmetered, *gaps({*request[MONOLITH], *request[SERVICES], *standing} - {STORED}, parameters)),
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
    """Return the units of a month."""
    request, standing = model.request[side], model.standing if side == SERVICES else {}
    names = {**request, **standing}
    return {name: request.get(name, 0.0) * traffic.requests + standing.get(name, 0.0) for name in names}


def costs(model: Model, form: str, traffic: Traffic) -> Costs:
    """Return the dollars of a month by part, for one form of deployment."""
    counted, parameters = quantities(model, FORMS[form], traffic), model.parameters
    own = (BETWEEN_ZONES, STORED, DURATION if form == MANAGED else "")  # a form pays for them in its own way
    known = {*parameters.figures} - {*SIZING, *own}
    units: Costs = {name: price_of(count, parameters.figure(name)) for name, count in counted.items() if name in known}
    if form == FUNCTIONS:
        return units
    if form == MANAGED:
        functions = len(model.metering.functions)
        return {**servers.managed_instances(traffic, parameters, functions=functions, cpu_s=model.cpu_s), **units}
    nothing = np.zeros_like(traffic.mean)
    stored_gb, out_gb, between_zones_gb = (counted.get(name, nothing) for name in (STORED, OUT, BETWEEN_ZONES))
    if form == ONE_VM:
        return {**servers.one_vm(traffic, parameters, stored_gb=stored_gb), **units}
    gb = {"stored_gb": stored_gb, "out_gb": out_gb, "between_zones_gb": between_zones_gb}
    return {**servers.fargate(traffic, parameters, zones=1 if form == ONE_ZONE else 2, **gb), **units}


def total(parts: Costs) -> Floats:
    """Return the sum of all parts."""
    return np.asarray(sum(parts.values()))


def dollars_of_calls(model: Model, traffic: Traffic) -> dict[str, dict[str, float]]:
    """Return the dollars of one call of each operation, by side.

    A call of the services pays for its units at the month's mean price. A call of the monolith pays for its share of the
    processor time, on Fargate in two zones. What the services pay without requests belongs to no call.
    """
    counted, parts = quantities(model, SERVICES, traffic), costs(model, FUNCTIONS, traffic)
    prices = {name: float(dollars / counted[name]) for name, dollars in parts.items() if counted[name]}
    cpu = {name: units.get(CPU, 0.0) for name, units in model.operations[MONOLITH].items()}
    cpu_s = sum(seconds * model.mix[name] for name, seconds in cpu.items()) or 1.0
    one_s = float(total(costs(model, LIKE_FOR_LIKE, traffic)) / traffic.requests / cpu_s)
    return {
        MONOLITH: {name: seconds * one_s for name, seconds in cpu.items()},
        SERVICES: {
            name: sum(quantity * prices.get(unit, 0.0) for unit, quantity in units.items())
            for name, units in model.operations[SERVICES].items()
        },
    }


def feature_of(metering: Metering, operation: str) -> str:
    """Return the feature whose function answers an operation; `gateway` if none does."""
    called = metering.operations[SERVICES].get(operation)
    answering = [work.name for work in called.work if work.trigger == GATEWAY] if called else []
    return metering.functions[answering[0]].feature if answering else "gateway"


def _sum(parts: Iterable[tuple[Mapping[str, float], float]]) -> Units:
    result: Units = defaultdict(float)
    for units, times in parts:
        for name, quantity in units.items():
            result[name] += times * quantity
    return dict(result)


def _of_call(side: str, name: str, metering: Metering, parameters: Parameters) -> Units:
    """Return the units of one call, with the GB-months of what it stores. Tables are backed up continuously."""
    units = units_of(side, name, metering=metering, parameters=parameters)
    kind = _STORED.get(name, "")
    stored = metering.stored_bytes.get(side, {}).get(kind, 0.0) / GIB * parameters.value("data.months")
    if side == MONOLITH:
        return {**units, STORED: stored * parameters.value("database.overhead")}
    if kind == _IN_S3:
        return {**units, "s3.storage_gb_months": stored}
    return {**units, "dynamodb.storage_gb_months": stored, "dynamodb.pitr_gb_months": stored}
