"""The limits on the way to a million users: what one user asks of each part in the busiest second, and what the part allows.

A limit is soft if a quota request or a setting raises it, and hard if the design must change. Streams and their consumers are
left out of the concurrency: one consumer for each shard.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, log2
from typing import NamedTuple

from loadtests.errors import UsageError
from loadtests.forecast import latency
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.units import Runs, runs_of
from loadtests.metering import counts
from loadtests.metering.counts import MONOLITH, SERVICES, Metering, Operation, StoreCalls, Work
from loadtests.results import SIDES
from microservices.live.clients import THREADS

VOTE, READ, POST = "PUT /posts/{post_id}/vote", "GET /posts/{post_id}", "POST /posts"
PUSH = "apigatewaymanagementapi.post_to_connection"
WRITES, READS = "dynamodb.partition_writes", "dynamodb.partition_reads"
HARD = {WRITES, READS, "row.lock", "instance.most_vcpus", "live.broadcast"}


class Limit(NamedTuple):
    """A limit. name: of its parameter. demand: of one active user in the busiest second, in the parameter's unit."""

    side: str
    name: str
    what: str
    demand: float
    capacity: float

    @property
    def users(self) -> float:
        """Return the population that reaches it."""
        return self.capacity / self.demand


class Key(NamedTuple):
    """A partition key that all users share. limit: a parameter's name. share: of the requests that reach it, with `units` each.

    is_hot: only those of them that are for the hot post.
    """

    what: str
    limit: str
    share: float
    units: float
    is_hot: bool = False


class Load(NamedTuple):
    """What a mean request of a mix asks of both sides.

    writes, reads: units by table. votes, views: share of the requests. cpu_s, service_s: of the monolith's server, the second until
    the answer. cv2: squared coefficient of variation of cpu_s between operations. database_s: time in the database. lock_s: time
    for which a vote holds the lock of its post: all but its first round trip.
    """

    mix: Mapping[str, float] = {}
    functions: Mapping[str, Runs] = {}
    writes: Mapping[str, float] = {}
    reads: Mapping[str, float] = {}
    keys: Sequence[Key] = ()
    votes: float = 0.0
    views: float = 0.0
    cpu_s: float = 0.0
    cv2: float = 0.0
    service_s: float = 0.0
    database_s: float = 0.0
    lock_s: float = 0.0


def load_of(mix: Mapping[str, float], metering: Metering, parameters: Parameters) -> Load:
    """Return the load of a mix: calls of each operation in one request. Raise UsageError for an operation that is not metered."""
    for side in SIDES:
        if unmetered := sorted({*mix} - {*metering.operations.get(side, ())}):
            raise UsageError(f"{counts.CHAPTER}: {side} has no {', '.join(unmetered)}")
    server = {name: metering.operations[MONOLITH][name] for name in mix}
    cpu = {name: sum(work.runs * work.cpu_ms for work in one.work) for name, one in server.items()}
    cpu_ms = sum(mix[name] * each for name, each in cpu.items())
    squares = sum(mix[name] * each**2 for name, each in cpu.items())
    speed, calls_ms = parameters.value("cpu.speed"), {name: _calls_ms(one, parameters) for name, one in server.items()}
    tables = _tables(mix, metering)
    return Load(
        mix=mix,
        functions=runs_of(mix, metering, parameters, without=(counts.STREAM, counts.KINESIS)),
        writes={table: writes for table, (writes, _) in tables.items()},
        reads={table: reads for table, (_, reads) in tables.items()},
        keys=_keys(mix, metering.operations[SERVICES], parameters),
        votes=mix.get(VOTE, 0),
        views=mix.get(READ, 0),
        cpu_s=cpu_ms / speed / 1000,
        cv2=squares / cpu_ms**2 - 1,
        service_s=(cpu_ms / speed + sum(mix[name] * wait for name, (wait, _) in calls_ms.items())) / 1000,
        database_s=sum(mix[name] * busy for name, (_, busy) in calls_ms.items()) / 1000,
        lock_s=(calls_ms[VOTE][0] - _trip_ms(parameters)) / 1000 if VOTE in mix else 0.0,
    )


def peak_rate(parameters: Parameters) -> float:
    """Return the requests a second of one active user in the spike."""
    return parameters.value("day.spike") / parameters.value("traffic.seconds_per_request")


def limits(load: Load, parameters: Parameters, *, shards: float) -> list[Limit]:
    """Return the limits of both sides, the lowest population first. shards: of the stream of views."""
    sides = {SERVICES: _services(load, parameters, shards), MONOLITH: _monolith(load, parameters)}
    each = [Limit(side, *row) for side, rows in sides.items() for row in rows]
    return sorted((one for one in each if one.demand), key=lambda one: one.users)


def database_vcpus(load: Load, rate: float, parameters: Parameters) -> float:
    """Return the size of the database for a rate of requests: the smallest one doubled as often as needed, at most the largest."""
    smallest, largest = parameters.value("database.vcpus"), parameters.value("instance.most_vcpus")
    needed = rate * load.database_s / parameters.value("database.utilisation") / smallest
    return float(min(smallest * 2 ** ceil(log2(max(needed, 1))), largest))


def _services(load: Load, parameters: Parameters, shards: float) -> Iterator[tuple[str, str, float, float]]:
    """Yield name, description, demand and capacity of each limit."""
    value, rate = parameters.value, peak_rate(parameters)
    growth = (1 - 1 / value("day.spike")) / value("day.spike_ramp")  # share of the peak that arrives anew in a second
    busy = {name: one.runs * one.service_s for name, one in load.functions.items()}
    largest = max(busy, key=lambda name: busy[name])
    sockets, hot = value("websocket.open_share"), value("hot.share")
    push_s = parameters.figure(PUSH).percentiles["p50"] / 1000
    demands = [
        ("gateway.requests_per_second", "requests through API Gateway", rate),
        ("lambda.account_concurrency", "concurrent runs of all functions", rate * sum(busy.values())),
        (
            "lambda.environments_per_second",
            f"new environments of {largest} in the spike",
            growth * rate * busy[largest],
        ),
        ("s3.prefix_gets", "reads of the leaderboard's object", rate * load.mix.get("GET /leaderboard", 0.0)),
        ("websocket.new_connections", "new live feeds in the spike", growth * sockets),
        ("live.broadcast", "one message to all live feeds", sockets * push_s / THREADS),
        *((key.limit, key.what, rate * key.share * key.units * (hot if key.is_hot else 1)) for key in load.keys),
    ]
    for kind, tables in (("writes", load.writes), ("reads", load.reads)):
        table = max(tables, key=lambda name: tables[name])
        demands += [
            (f"dynamodb.new_table_{kind}", f"{kind} of the table {table}, on demand", rate * tables[table]),
            ("dynamodb.table_units", f"{kind} of the table {table}, at most", rate * tables[table]),
        ]
    yield from ((name, what, demand, value(name)) for name, what, demand in demands)
    yield "kinesis.shard_records", "views in the stream", rate * load.views, shards * value("kinesis.shard_records")


def _monolith(load: Load, parameters: Parameters) -> Iterator[tuple[str, str, float, float]]:
    """Yield name, description, demand and capacity of each limit."""
    value, rate = parameters.value, peak_rate(parameters)
    least, most, vcpus, threads = (value(f"server.{name}") for name in ("least", "most", "vcpus", "threads"))
    first, used = f"of the first {least:g} servers", value("database.utilisation")
    cpu, database, sockets = rate * load.cpu_s, rate * load.database_s, value("websocket.open_share")
    yield "server.target", f"vCPUs {first}: a spike is faster than new servers", cpu, least * vcpus
    yield "server.most", f"vCPUs of {most:g} servers", cpu, most * vcpus
    yield "server.threads", f"concurrent requests {first}", rate * load.service_s, least * threads
    yield "server.live_clients", f"live feeds {first}", sockets, least * value("server.live_clients")
    yield "database.vcpus", "vCPUs of the smallest database", database, value("database.vcpus") * used
    yield "instance.most_vcpus", "vCPUs of the largest database", database, value("instance.most_vcpus") * used
    yield "postgresql.connections", "connections of all servers", cpu / vcpus * threads, value("postgresql.connections")
    yield "row.lock", "votes for one post", rate * load.votes * value("hot.share") * load.lock_s, value("row.lock")


def _tables(mix: Mapping[str, float], metering: Metering) -> dict[str, tuple[float, float]]:
    """Return write and read units of a mean request by table. Each feature has one table."""
    totals: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for name, share in mix.items():
        for work in metering.operations[SERVICES][name].work:
            for call in _dynamodb(work):
                table, runs = metering.functions[work.name].feature, share * work.runs
                writes, reads = totals[table]
                totals[table] = writes + runs * call.write_units, reads + runs * call.read_units
    return dict(totals) or {"none": (0.0, 0.0)}


def _keys(mix: Mapping[str, float], operations: Mapping[str, Operation], parameters: Parameters) -> list[Key]:
    """Return the partition keys that all users share, from microservices/*/store.py."""

    def reads(name: str) -> float:
        works = operations[name].work if name in mix else ()
        return sum(call.read_units for work in works if work.waited for call in _dynamodb(work, "Query", "GetItem"))

    votes, posts = (parameters.value(f"hot.{name}_writes") for name in ("vote", "post"))
    keys = (
        Key("votes for one post", WRITES, mix.get(VOTE, 0), votes, is_hot=True),
        Key("new posts in the list of all posts", WRITES, mix.get(POST, 0), posts),
        Key("feedback", WRITES, mix.get("POST /feedback", 0), 1.0),
        Key("reads of one post", READS, mix.get(READ, 0), reads(READ), is_hot=True),
        Key("reads of the list of all posts", READS, mix.get("GET /posts", 0), reads("GET /posts")),
        Key("reads of an hour's views", READS, mix.get("GET /trending", 0), reads("GET /trending")),
    )
    return [key for key in keys if key.share]


def _dynamodb(work: Work, *actions: str) -> Iterator[StoreCalls]:
    for call in work.stores:
        service, _, action = call.name.partition(" ")
        if service == "dynamodb" and (not actions or action in actions):
            yield call


def _calls_ms(operation: Operation, parameters: Parameters) -> tuple[float, float]:
    """Return the time of the calls that a request of the monolith waits for, and its part in the processors of the database."""
    statement, commit = (parameters.figure(f"database.{name}").percentiles["p50"] for name in ("statement", "commit"))
    calls = [call for work in operation.work if work.waited for call in work.stores]
    inside = sum(call.calls for call in calls if call.name not in latency.BOUNDARIES) * statement
    written = commit * any(call.name.startswith(latency.WRITES) for call in calls)
    return sum(call.calls for call in calls) * _trip_ms(parameters) + inside + written, inside


def _trip_ms(parameters: Parameters) -> float:
    return parameters.figure("network.zone_round_trip").percentiles["p50"]
