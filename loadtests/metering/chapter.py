"""Write the chapter `metering` from tours of both traced systems: what each operation causes, and what is stored."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean
from time import perf_counter_ns, time, time_ns
from typing import Any

import msgspec

from loadtests import systems
from loadtests.data.orders import NO_POST
from loadtests.data.world import World
from loadtests.explain import traced
from loadtests.explain.hooks.capacity import item_bytes
from loadtests.explain.tour import SETUP, STEPS, Tours, Walked, walk_tours
from loadtests.explain.traces import Root
from loadtests.floors.measure import database_url
from loadtests.journeys import JOURNEYS
from loadtests.local_aws import STAGE, client, endpoint_in, errors_as, functions_of
from loadtests.metering import meter
from loadtests.metering.counts import MONOLITH, Metering, Operation, StoreCalls
from loadtests.processes import on_sides
from loadtests.progress import ProgressDisplay
from loadtests.results import SIDES
from shared_domain.contract.live import subscribed_json
from shared_domain.live import topic_of

SUBSCRIBE, PUSH = "live subscribe", "push to the site"
_EVENTS = {  # of the services, by the name of their root span; the monolith serves live clients in its event loop, without a span
    "live $connect": "live connect",
    "live $default": SUBSCRIBE,
    "live $disconnect": "live disconnect",
    "push": PUSH,
}
# Items whose bytes are counted: table, kind, patterns of pk/sk of all its items, and of the one item that each has.
_ITEMS = (
    ("users", "user", "", "user#"),
    ("posts", "post", "", ".*/post$"),
    ("search", "post", "", ".*/snapshot$"),
    ("votes", "post", "leaderboard/|.*/score$", ".*/score$"),
    ("votes", "vote", ".*/(vote|counted)#", ".*/vote#"),
    ("orders", "order", "", "buyer#"),
    ("feedback", "feedback", "", ""),
)
_ROWS = {
    "users": "user", "posts": "post", "search_index": "post", "votes": "vote", "orders": "order", "feedback": "feedback",
    "avatars": "avatar",
}  # fmt: skip
_ROW_BYTES = "select avg(pg_column_size(stored.*)) from {} stored"


def meter_running(services: Path, run_dir: Path, world: World, display: ProgressDisplay) -> dict[str, Any]:
    """Return the chapter `metering` for services that run in a folder, which get hooks, and for a monolith of its own with hooks.

    world: the services' data. The functions keep their hooks: measure nothing after it. Raise RunError if a system or a call fails.
    """

    def prepare(side: str) -> World:
        if side == MONOLITH:
            return traced.seed_one(stack.enter_context(systems.running(run_dir, [traced.TRACED_MONOLITH]))[MONOLITH])
        traced.start_with_hooks(services)
        return world

    with ExitStack() as stack:
        with display.phase("metering: hooks around the functions, and a second monolith with hooks"):
            worlds = on_sides(SIDES, prepare)
        with display.phase("metering: every operation on both sides", STEPS) as done:
            return chapter(walk_tours({MONOLITH: run_dir, "microservices": services}, worlds, done=done))


def chapter(tours: Tours) -> dict[str, Any]:
    """Return the chapter."""
    services, walked = tours.folders["microservices"], tours.walked
    endpoint = endpoint_in(services)
    metering = Metering(
        operations={side: _operations(side, walked[side], tours.roots(side)) for side in SIDES},
        journeys=meter.journeys(JOURNEYS, tours.worlds[MONOLITH], walked[MONOLITH].answers),
        functions=meter.functions(traced.spans_of("microservices", services), _package_bytes(endpoint)),
        resources=meter.resources(),
        stored_bytes={MONOLITH: _rows(database_url(tours.folders[MONOLITH])), "microservices": _items(endpoint)},
    )
    return {**msgspec.to_builtins(metering), "took_s": round(time() - tours.began_s, 1)}


def _operations(side: str, walked: Walked, roots: Sequence[Root]) -> dict[str, Operation]:
    counted = meter.operations(walked.calls, roots, side=side)
    if side == MONOLITH:
        complete = _with_live_messages(counted, walked)
    else:
        complete = counted | meter.events(roots, _EVENTS, frames={SUBSCRIBE: _frames()})
    return {name: each for name, each in complete.items() if name != SETUP}


def _frames() -> tuple[int, int]:
    """Return the bytes of a subscription to a post and of its reply."""
    topic = topic_of(NO_POST)
    return len(msgspec.json.encode({"action": "subscribe", "topic": topic})), len(subscribed_json(topic))


def _with_live_messages(counted: Mapping[str, Operation], walked: Walked) -> dict[str, Operation]:
    """Add the messages that a subscriber received to the operations that caused them. The monolith has no call for them."""
    offset_ns = time_ns() - perf_counter_ns()
    sent: dict[str, list[int]] = defaultdict(list)
    for at_s, message in walked.messages:
        writes = (call for call in walked.calls if not call.operation.startswith("GET "))
        earlier = [call for call in writes if call.start_ns <= at_s * 1e9 + offset_ns]
        if earlier:
            cause = max(earlier, key=lambda call: call.start_ns).operation
            sent[cause].append(len(msgspec.json.encode(message)))
    return {name: _with_messages(each, sent[name]) if name in sent else each for name, each in counted.items()}


def _with_messages(operation: Operation, sizes: Sequence[int]) -> Operation:
    calls_of_one = len(sizes) / operation.calls
    stores = (StoreCalls(name="live send", calls=calls_of_one, request_bytes=sum(sizes) / operation.calls),)
    return msgspec.structs.replace(operation, stores=stores)


def _package_bytes(endpoint: str) -> dict[str, int]:
    return {each["FunctionName"].removeprefix(f"{STAGE}-"): each["CodeSize"] for each in functions_of(endpoint)}


def _items(endpoint: str) -> dict[str, float]:
    """Return the bytes of items for each user, post and so on, from a page of each table, and of a thumbnail."""
    stored: Counter[str] = Counter()
    with errors_as("the tables cannot be read"):
        for table, kind, members, main in _ITEMS:
            page = client("dynamodb", endpoint).scan(TableName=f"{STAGE}-{table}")["Items"]
            keyed = {f"{item['pk']['S']}/{item['sk']['S']}": item for item in page}
            total = sum(item_bytes(item) for key, item in keyed.items() if re.match(members, key))
            stored[kind] += total / max(1, sum(bool(re.match(main, key)) for key in keyed))  # type: ignore[assignment]
        s3 = client("s3", endpoint)
        (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"] if f"{STAGE}-avatars" in each["Name"])
        sizes = [each["Size"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="thumbnails/")["Contents"]]
    return {**stored, "avatar": fmean(sizes)}


def _rows(database_url: str) -> dict[str, float]:
    """Return the bytes of rows for each user, post and so on, without indexes."""
    stored: Counter[str] = Counter()
    from sqlalchemy import text  # noqa: PLC0415 - a second that every wrong command line would wait for

    from monolith.database import connect  # noqa: PLC0415

    with connect(database_url, pool_size=1).connect() as database:
        for table, kind in _ROWS.items():
            stored[kind] += float(database.execute(text(_ROW_BYTES.format(table))).scalar() or 0)  # type: ignore[assignment]
    return dict(stored)
