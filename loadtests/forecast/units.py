"""Billed units of a call, of a cold start, and of a month without calls.

units.yaml is the closed inventory: what is counted, and which unit a call of a store is billed as. Quantities are single requests,
units, GB, GB-seconds, hours and months; a price's own unit says if it is for a million of them. A kind of call that is not in the
inventory becomes a unit of its own name, and `gaps` names it: the bill is then unverified.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from loadtests.forecast.parameters import Parameters
from loadtests.forecast.queueing import mean_elapsed_ms
from loadtests.metering import counts
from loadtests.metering.counts import MONOLITH, SERVICES, Function, Metering, Operation, StoreCalls, Work

GIB = 2**30
KB = 1024
MB_PER_GB = 1024
MONTH_HOURS = 730
MONTH_S = MONTH_HOURS * 3600
_INVENTORY = yaml.safe_load(Path(__file__).with_name("units.yaml").read_text(encoding="utf-8"))
UNITS: Mapping[str, Mapping[str, str]] = _INVENTORY["units"]
SIZING = {*_INVENTORY["sizing"]}
_CALLS, _FREE = _INVENTORY["calls"], {*_INVENTORY["free"]}
_TO_CLIENTS = {"apigatewaymanagementapi PostToConnection", "live send"}  # of the services and of the monolith
_ONE_LATENCY = ("codecommit", "http")  # services whose calls have one latency, whatever the action
# What a call stores, by the kinds of `Metering.stored_bytes`. A vote that replaces another one is counted as a new one.
_STORED = {
    "POST /users": "user", "POST /posts": "post", "PUT /posts/{post_id}/vote": "vote", "POST /orders": "order",
    "POST /feedback": "feedback", "PUT /users/me/avatar": "avatar",
}  # fmt: skip
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
Units = dict[str, float]
Amounts = Iterator[tuple[str, float]]


class Runs(NamedTuple):
    """Runs of one function for a mean request. waited: those that the client waits for. service_s: of one run."""

    runs: float
    waited: float
    service_s: float


def units_of(side: str, operation: str, *, metering: Metering, parameters: Parameters) -> Units:
    """Return the units of one call: also of what happens after its answer and of what it stores, without cold starts."""
    called = metering.operations[side][operation]
    kind = _STORED.get(operation, "")
    stored_gb = metering.stored_bytes.get(side, {}).get(kind, 0.0) / GIB * parameters.value("data.months")
    units = summed(_of_monolith(called, parameters) if side == MONOLITH else _of_services(called, metering, parameters))
    if side == MONOLITH:
        units["database.stored_gb"] = stored_gb * parameters.value("database.overhead")
    else:
        kinds = ("s3.storage",) if kind == "avatar" else ("dynamodb.storage", "dynamodb.pitr")  # with its backup
        units |= {f"{each}_gb_months": stored_gb for each in kinds}
        written = units["logs.lambda_gb"] + units["logs.ingested_gb"]
        months = metering.resources.get("log_retention_days", 0.0) * 24 / MONTH_HOURS
        units["logs.storage_gb_months"] = written * months * parameters.value("logs.compression")
    return units


def units_of_cold_start(function: Function, parameters: Parameters) -> Units:
    """Return the units of one cold start. INIT has a whole processor, whatever the memory."""
    init_ms = parameters.figure("lambda.init_plain").percentiles["p50"]  # the start of the runtime, before the imports
    init_ms += function.init_cpu_ms / parameters.value("cpu.speed")
    calls = (each for stores in function.init_stores for each in _of_calls(stores, parameters, runs=1))
    return summed([("lambda.gb_seconds", _gb_seconds(init_ms, function)), *calls])


def standing_units(metering: Metering, parameters: Parameters) -> Units:
    """Return the units of the services in a month in which nothing is called, without stored data."""
    there, value = defaultdict(float, metering.resources), parameters.value
    return {
        "cloudwatch.alarm_months": there["alarms"],
        "cloudwatch.metric_months": there["custom_metrics"],
        "codecommit.user_months": value("codecommit.users"),
        "secrets.secret_months": there["secrets"],
        "kinesis.shard_hours": there["kinesis_shards"] * MONTH_HOURS,
        "sqs.requests": there["polled_queues"] * value("sqs.polls_per_second") * MONTH_S,
        "dynamodb.stream_polls": there["stream_consumers"] * value("dynamodb.polls_per_second") * MONTH_S,
    }


def gaps(units: Iterable[str], parameters: Parameters) -> list[str]:
    """Return the units that are not in the inventory or have no price. A bill with any of them is unverified."""
    return sorted(name for name in {*units} - SIZING if name not in UNITS or name not in parameters.figures)


def runs_of(
    mix: Mapping[str, float], metering: Metering, parameters: Parameters, *, without: Container[str] = ()
) -> dict[str, Runs]:
    """Return the runs of each function in a mix, without those in the background. without: further triggers to leave out."""
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    works = ((share, work) for name, share in mix.items() for work in metering.operations[SERVICES][name].work)
    for share, work in works:
        if work.trigger == counts.BACKGROUND or work.trigger in without:
            continue
        runs = share * billed_runs(work, parameters)
        busy_s = runs * run_ms(work, metering.functions[work.name], parameters) / 1000
        for index, amount in enumerate((runs, runs * work.waited, busy_s)):
            totals[work.name][index] += amount
    return {name: Runs(runs, waited, busy_s / runs) for name, (runs, waited, busy_s) in totals.items() if runs}


def billed_runs(work: Work, parameters: Parameters) -> float:
    """Return the runs for one call of the operation. The gateway caches some answers of the authorizer."""
    return work.runs * (1 - parameters.value("authorizer.cached_share") if work.trigger == counts.AUTHORIZER else 1)


def run_ms(work: Work, function: Function, parameters: Parameters) -> float:
    """Return the modelled duration of one run on AWS: its processor time and pauses, and the medians of its calls.

    The time of a function that it invokes is not included.
    """
    calls_ms = sum(
        _times(each, parameters) * each.calls * parameters.figure(latency_name(each)).percentiles["p50"]
        for each in work.stores
    )
    return mean_elapsed_ms(work.cpu_ms / parameters.value("cpu.speed"), function.memory_mb, parameters) + calls_ms


def latency_name(stores: StoreCalls) -> str:
    """Return the name of a call's latency, such as `dynamodb.put_item`."""
    service, _, action = stores.name.partition(" ")
    return f"{service}.call" if service in _ONE_LATENCY else f"{service}.{_CAPITAL.sub('_', action).lower()}"


def summed(amounts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the sum of the amounts of each name, 0 for others. Amounts may be arrays."""
    sums: dict[str, Any] = defaultdict(float)
    for name, amount in amounts:
        sums[name] = sums[name] + amount
    return sums


def _of_services(called: Operation, metering: Metering, parameters: Parameters) -> Amounts:
    sizes = (called.request_bytes, called.response_bytes)
    if called.is_socket:
        yield "websocket.messages", sum(_chunks(size, "websocket", parameters) for size in sizes)
    else:
        yield "http_api.requests", max(1, _chunks(max(sizes), "http_api", parameters))
    yield "network.out_gb", called.response_bytes / GIB
    yield "logs.ingested_gb", called.log_bytes * parameters.value("logs.share") / GIB
    for stores in called.stores:
        yield from _of_calls(stores, parameters, runs=1)
    for work in called.work:
        yield from _of_runs(work, metering.functions[work.name], parameters)


def _of_runs(work: Work, function: Function, parameters: Parameters) -> Amounts:
    value, runs = parameters.value, billed_runs(work, parameters)
    for stores in work.stores:
        yield from _of_calls(stores, parameters, runs=runs)
    if work.trigger == counts.BACKGROUND:  # a thread of another run: only its processor time is billed
        yield "lambda.gb_seconds", runs * _gb_seconds(work.cpu_ms / value("cpu.speed"), function)
        return
    waiting = 2 if work.trigger == counts.INVOKE else 1  # the invoking function waits, and that is billed too
    yield "lambda.requests", runs
    yield "lambda.gb_seconds", waiting * runs * _gb_seconds(run_ms(work, function, parameters), function)
    of_platform = value("lambda.platform_log_bytes") + value("logs.event_bytes")
    yield "logs.lambda_gb", runs * (work.log_bytes * value("logs.share") + of_platform) / GIB
    if work.trigger == counts.QUEUE:  # each message is sent once, a batch is received and deleted at once
        yield "sqs.requests", runs * (work.records + 2)
    if work.trigger in (counts.QUEUE, counts.TOPIC):
        yield "sns.deliveries", runs * work.records
    if work.trigger == counts.STREAM:
        yield "dynamodb.stream_polls", runs


def _of_calls(stores: StoreCalls, parameters: Parameters, *, runs: float) -> Amounts:
    service, times = stores.name.partition(" ")[0], runs * _times(stores, parameters)
    if service == "dynamodb":
        yield "dynamodb.write_units", runs * stores.write_units
        yield "dynamodb.read_units", runs * stores.read_units
    elif service == "kinesis":
        yield "kinesis.put_units", runs * stores.write_units
    elif stores.name not in _FREE:
        unit = _CALLS.get(stores.name, stores.name)
        chunks = _chunks(stores.request_bytes / stores.calls, unit.partition(".")[0], parameters)
        yield unit, times * stores.calls * max(1, chunks)
    if stores.name in _TO_CLIENTS:
        yield "network.out_gb", times * stores.request_bytes / GIB


def _of_monolith(called: Operation, parameters: Parameters) -> Amounts:
    yield "network.out_gb", called.response_bytes / GIB
    for stores in called.stores:
        yield from _of_calls(stores, parameters, runs=1)
    for work in called.work:
        yield "server.cpu_seconds", work.runs * work.cpu_ms / 1000
        yield "logs.ingested_gb", work.runs * work.log_bytes * parameters.value("logs.share") / GIB
        for stores in work.stores:
            yield "database.statements", work.runs * stores.calls
            yield "network.between_zones_gb", work.runs * (stores.request_bytes + stores.response_bytes) / GIB


def _gb_seconds(milliseconds: float, function: Function) -> float:
    return milliseconds / 1000 * function.memory_mb / MB_PER_GB


def _times(stores: StoreCalls, parameters: Parameters) -> float:
    """Return how often a call happens for each metered one: a message to clients was metered with one client."""
    return parameters.value("websocket.listeners") if stores.name in _TO_CLIENTS else 1.0


def _chunks(size: float, service: str, parameters: Parameters) -> int:
    """Return how many pieces a request is billed as; 0 for a service that bills requests of any size equally."""
    name = f"{service}.chunk_kb"
    return ceil(size / (parameters.value(name) * KB)) if name in parameters.figures else 0
