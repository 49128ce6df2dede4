"""The closed inventory of billed units: how many of each a call causes, and under which name it is priced and exported.

A unit's name is the name of its price in prices/*.yaml. Quantities are single requests, units, GB, GB-seconds, hours and months;
the price's own unit says if it is for a million of them. A unit without a price, or a kind of call that no rule covers, makes a
bill unverified: `gaps` names them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from loadtests.forecast.counts import (
    AUTHORIZER,
    BACKGROUND,
    INVOKE,
    QUEUE,
    STREAM,
    TOPIC,
    Function,
    Metering,
    Operation,
    StoreCalls,
    Work,
)  # fmt: skip
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.processor import mean_elapsed_ms

MONOLITH = "monolith"
_TO_CLIENTS = {"apigatewaymanagementapi PostToConnection", "live send"}  # of the services and of the monolith
GIB = 2**30
KB = 1024
MONTH_HOURS = 730
MONTH_S = MONTH_HOURS * 3600
_MB_PER_GB = 1024
_S3_PUTS = {"PutObject", "CopyObject", "ListObjectsV2"}
_S3_GETS = {"GetObject", "HeadObject"}
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_FREE = {"s3 DeleteObject", "lambda Invoke"}  # the invoked function's own run is billed


@dataclass(frozen=True, slots=True)
class Unit:
    """A billed unit. usage: Infracost's resource and field, empty where its usage file has none. about: what is counted."""

    usage: str
    about: str


UNITS = {
    "http_api.requests": Unit("aws_apigatewayv2_api.monthly_requests", "HTTP requests, one for each 512 KB"),
    "websocket.messages": Unit("aws_apigatewayv2_api.monthly_messages", "messages in and out, one for each 32 KB"),
    "websocket.connection_minutes": Unit("aws_apigatewayv2_api.monthly_connection_mins", "minutes of open connections"),
    "lambda.requests": Unit("aws_lambda_function.monthly_requests", "runs of functions, of any trigger"),
    "lambda.gb_seconds": Unit("aws_lambda_function.request_duration_ms", "billed time by memory, INIT included"),
    "dynamodb.write_units": Unit("aws_dynamodb_table.monthly_write_request_units", "write request units"),
    "dynamodb.read_units": Unit("aws_dynamodb_table.monthly_read_request_units", "read request units"),
    "dynamodb.stream_polls": Unit("", "polls of streams by Lambda"),
    "dynamodb.storage_gb_months": Unit("aws_dynamodb_table.storage_gb", "GB-months of items"),
    "dynamodb.pitr_gb_months": Unit(
        "aws_dynamodb_table.pitr_backup_storage_gb", "GB-months with point-in-time recovery"
    ),
    "sns.publishes": Unit("aws_sns_topic.monthly_requests", "publishes, one for each 64 KB"),
    "sns.deliveries": Unit("", "deliveries to queues and functions"),
    "sqs.requests": Unit(
        "aws_sqs_queue.monthly_requests", "sends, receives and deletes, one for each 64 KB; idle polls"
    ),
    "s3.puts": Unit("aws_s3_bucket.standard.monthly_tier_1_requests", "PUT and LIST requests"),
    "s3.gets": Unit("aws_s3_bucket.standard.monthly_tier_2_requests", "GET and HEAD requests"),
    "s3.storage_gb_months": Unit("aws_s3_bucket.standard.storage_gb", "GB-months of objects"),
    "kinesis.put_units": Unit("aws_kinesis_stream.monthly_provisioned_put_units", "records, one for each 25 KB"),
    "kinesis.shard_hours": Unit("", "hours of shards"),
    "logs.lambda_gb": Unit("aws_cloudwatch_log_group.monthly_data_ingested_gb", "GB of functions' logs"),
    "logs.ingested_gb": Unit(
        "aws_cloudwatch_log_group.monthly_data_ingested_gb", "GB of access logs or of a container's logs"
    ),
    "logs.storage_gb_months": Unit("aws_cloudwatch_log_group.storage_gb", "GB-months of logs until they expire"),
    "cloudwatch.alarm_months": Unit("", "alarm-months"),
    "cloudwatch.metric_months": Unit("", "months of custom metrics"),
    "secrets.secret_months": Unit("", "secret-months"),
    "secrets.requests": Unit("aws_secretsmanager_secret.monthly_requests", "reads of a secret at a cold start"),
    "network.out_gb": Unit("aws_data_transfer.monthly_outbound_internet_gb", "GB sent to clients"),
    "network.between_zones_gb": Unit("aws_data_transfer.monthly_intra_region_gb", "GB between server and database"),
}
# Of the monolith: the bill sizes servers and a database by them, so they have no price of their own.
SIZING = {"server.cpu_seconds": "processor time here", "database.statements": "round trips to the database"}


def units_of(side: str, operation: str, *, metering: Metering, parameters: Parameters) -> dict[str, float]:
    """Return the units of one call of an operation, with everything that happens after its answer.

    An unknown kind of call is returned under its own name, such as `codecommit GetFile`.
    """
    called = metering.operations[side][operation]
    return _of_monolith(called, parameters) if side == MONOLITH else _of_services(called, metering, parameters)


def standing_units(side: str, *, metering: Metering, parameters: Parameters) -> dict[str, float]:
    """Return the units of a month in which nothing is called, without servers, databases and stored data."""
    if side == MONOLITH:
        return {}
    there = defaultdict(float, metering.resources)
    return {
        "cloudwatch.alarm_months": there["alarms"],
        "cloudwatch.metric_months": there["custom_metrics"],
        "secrets.secret_months": there["secrets"],
        "kinesis.shard_hours": there["kinesis_shards"] * MONTH_HOURS,
        "sqs.requests": there["polled_queues"] * parameters.value("sqs.polls_per_second") * MONTH_S,
        "dynamodb.stream_polls": there["stream_consumers"] * parameters.value("dynamodb.polls_per_second") * MONTH_S,
    }


def gaps(units: Iterable[str], parameters: Parameters) -> list[str]:
    """Return the units that have no rule or no price. A bill with any of them is unverified."""
    return sorted(name for name in {*units} - {*SIZING} if name not in UNITS or name not in parameters.figures)


def run_ms(work: Work, function: Function, parameters: Parameters) -> float:
    """Return the modelled duration of one run on AWS: its processor time and pauses, and the medians of its calls.

    The time of a function that it invokes is not included.
    """
    calls = sum(
        _times(each, parameters) * each.calls * parameters.figure(latency_name(each)).percentiles["p50"]
        for each in work.stores
    )
    return mean_elapsed_ms(work.cpu_ms / parameters.value("cpu.speed"), function.memory_mb, parameters) + calls


def latency_name(stores: StoreCalls) -> str:
    """Return the name of a call's latency, such as `dynamodb.put_item`."""
    service, _, action = stores.name.partition(" ")
    return "codecommit.call" if service == "codecommit" else f"{service}.{_CAPITAL.sub('_', action).lower()}"


def _of_services(called: Operation, metering: Metering, parameters: Parameters) -> dict[str, float]:
    units: dict[str, float] = defaultdict(float)
    if called.is_socket:
        sizes = (called.request_bytes, called.response_bytes)
        units["websocket.messages"] += sum(_chunks(size, parameters.value("websocket.chunk_kb")) for size in sizes)
    else:
        chunk_kb = parameters.value("http_api.chunk_kb")
        units["http_api.requests"] += max(1, _chunks(max(called.request_bytes, called.response_bytes), chunk_kb))
    units["network.out_gb"] += called.response_bytes / GIB
    units["logs.ingested_gb"] += called.log_bytes * parameters.value("logs.share") / GIB
    for stores in called.stores:
        _add_calls(units, stores, parameters, runs=1.0)
    for work in called.work:
        _add_runs(units, work, metering.functions[work.name], parameters)
    _add_stored_logs(units, metering, parameters)
    return dict(units)


def _add_runs(units: dict[str, float], work: Work, function: Function, parameters: Parameters) -> None:
    cached = parameters.value("authorizer.cached_share") if work.trigger == AUTHORIZER else 0.0
    runs = work.runs * (1 - cached)
    if (
        work.trigger == BACKGROUND
    ):  # a thread between or within requests: no run of its own, only its processor time is billed
        _add_time(units, function, runs * work.cpu_ms / parameters.value("cpu.speed"))
    else:
        _add_invocations(units, work, function, parameters, runs=runs)
    for stores in work.stores:
        _add_calls(units, stores, parameters, runs=runs)


def _add_invocations(
    units: dict[str, float], work: Work, function: Function, parameters: Parameters, *, runs: float
) -> None:
    cold = runs * parameters.value("lambda.cold_share")
    init_ms = parameters.figure("lambda.init_plain").percentiles["p50"]  # the start of the runtime, before the imports
    init_ms += function.init_cpu_ms / parameters.value("cpu.speed")  # INIT has a whole processor
    waiting = 2 if work.trigger == INVOKE else 1  # the invoking function waits, and that is billed too
    units["lambda.requests"] += runs
    _add_time(units, function, waiting * runs * run_ms(work, function, parameters) + cold * init_ms)
    log_bytes = work.log_bytes * parameters.value("logs.share")
    log_bytes += parameters.value("lambda.platform_log_bytes") + parameters.value("logs.event_bytes")
    units["logs.lambda_gb"] += runs * log_bytes / GIB
    if work.trigger == QUEUE:  # each message is sent once, a batch is received and deleted at once
        units["sqs.requests"] += runs * (work.records + 2)
    if work.trigger in (QUEUE, TOPIC):
        units["sns.deliveries"] += runs * work.records
    if work.trigger == STREAM:
        units["dynamodb.stream_polls"] += runs
    for stores in function.init_stores:
        _add_calls(units, stores, parameters, runs=cold)


def _add_time(units: dict[str, float], function: Function, billed_ms: float) -> None:
    units["lambda.gb_seconds"] += billed_ms / 1000 * function.memory_mb / _MB_PER_GB


def _add_calls(units: dict[str, float], stores: StoreCalls, parameters: Parameters, *, runs: float) -> None:
    service, _, action = stores.name.partition(" ")
    calls = runs * stores.calls
    match service:
        case "dynamodb":
            units["dynamodb.write_units"] += runs * stores.write_units
            units["dynamodb.read_units"] += runs * stores.read_units
        case "kinesis":
            units["kinesis.put_units"] += runs * stores.write_units
        case "sns" | "sqs":
            unit = "sns.publishes" if service == "sns" else "sqs.requests"
            units[unit] += calls * max(
                1, _chunks(stores.request_bytes / stores.calls, parameters.value(f"{service}.chunk_kb"))
            )
        case "apigatewaymanagementapi":
            chunk_kb = parameters.value("websocket.chunk_kb")
            times = _times(stores, parameters)
            chunks = max(1, _chunks(stores.request_bytes / stores.calls, chunk_kb))
            units["websocket.messages"] += times * calls * chunks
            units["network.out_gb"] += times * runs * stores.request_bytes / GIB
        case "s3" if action in _S3_PUTS | _S3_GETS:
            units["s3.puts" if action in _S3_PUTS else "s3.gets"] += calls
        case "secretsmanager":
            units["secrets.requests"] += calls
        case _ if stores.name not in _FREE:
            units[stores.name] += calls


def _of_monolith(called: Operation, parameters: Parameters) -> dict[str, float]:
    units: dict[str, float] = defaultdict(float)
    messages = sum(_times(each, parameters) * each.request_bytes for each in called.stores)
    units["network.out_gb"] += (called.response_bytes + messages) / GIB
    for work in called.work:
        units["server.cpu_seconds"] += work.runs * work.cpu_ms / 1000
        units["logs.ingested_gb"] += work.runs * work.log_bytes * parameters.value("logs.share") / GIB
        for stores in work.stores:
            units["database.statements"] += work.runs * stores.calls
            units["network.between_zones_gb"] += work.runs * (stores.request_bytes + stores.response_bytes) / GIB
    return dict(units)


def _times(stores: StoreCalls, parameters: Parameters) -> float:
    """Return how often a call happens for each metered one: a message to clients was metered with one client."""
    return parameters.value("websocket.listeners") if stores.name in _TO_CLIENTS else 1.0


def _chunks(size: float, kilobytes: float) -> int:
    return ceil(size / (kilobytes * KB))


def _add_stored_logs(units: dict[str, float], metering: Metering, parameters: Parameters) -> None:
    """Add the GB-months that a call's log lines are stored for, compressed, until their groups' retention ends."""
    months = metering.resources.get("log_retention_days", 0.0) * 24 / MONTH_HOURS
    written = units["logs.lambda_gb"] + units["logs.ingested_gb"]
    units["logs.storage_gb_months"] += written * months * parameters.value("logs.compression")
