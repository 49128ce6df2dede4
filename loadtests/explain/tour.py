"""Walk every operation on two traced systems, and write the chapter `metering`. `explain` and `compare` run it.

The live feed has one listener to each topic, so each message is sent once.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean
from time import perf_counter_ns, sleep, time, time_ns
from typing import Any

import msgspec
from sqlalchemy import text

from loadtests import calls, systems
from loadtests.calls import Answer, Call, unchecked
from loadtests.client import open_client, send, succeed
from loadtests.data.orders import NO_POST, line, outcome_of
from loadtests.data.pictures import picture
from loadtests.data.world import World, post_form
from loadtests.explain import layer
from loadtests.explain.hooks.capacity import item_bytes
from loadtests.explain.traced import SYSTEMS, TRACED_MONOLITH, endpoint_in, on_both_sides, read_spans, seed_one
from loadtests.explain.traces import Root
from loadtests.explain.walk import TimedCall, walk
from loadtests.floors.measure import database_url
from loadtests.forecast import meter
from loadtests.forecast.counts import Metering, Operation, StoreCalls
from loadtests.forecast.units import MONOLITH
from loadtests.journeys import JOURNEYS, Journey, Steps
from loadtests.live.subscriber import Subscriber
from loadtests.local_aws import STAGE, client, errors_as
from loadtests.parity.script import PASSWORD
from loadtests.progress import ProgressDisplay
from loadtests.results import SIDES
from loadtests.systems import ADMINISTRATOR
from monolith.database import connect
from shared_domain.contract.live import subscribed_json
from shared_domain.live import ALL_POSTS, topic_of

OWN_PASSWORD = "correct horse battery"  # noqa: S105 - of users that exist for one run
ROUNDS, READS = 2, 3  # measured tours, and calls of each read in a tour
STEPS = len(SIDES) * (1 + ROUNDS)
PAUSE_S = {"monolith": 0.2, "microservices": 0.4}  # after a write, so that its effects are over before the next call
SETTLE_S = 2.0
SUBSCRIBE = "live subscribe"
_SOCKET_EVENTS = {  # by the name of their root span
    "microservices": {
        "live $connect": "live connect",
        "live $default": SUBSCRIBE,
        "live $disconnect": "live disconnect",
    },
    "monolith": {"GET /live": "live connect"},
}
# What the stored bytes are counted for: table, kind, its items as pk/sk, and those of which there is one for each.
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
Listen = Callable[[str], object]  # subscribes to a topic


@dataclass(frozen=True, slots=True)
class _Walked:
    """The calls of the measured tours, their last answers, and the messages of the live feed: (time, message)."""

    calls: list[TimedCall] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)


def meter_running(services: Path, run_dir: Path, world: World, display: ProgressDisplay) -> dict[str, Any]:
    """Return the chapter for services that run in a folder, which get hooks, and for a monolith of its own with hooks.

    world: the services' data. The functions keep their hooks: measure nothing after it. Raise RunError if a system or a call fails.
    """

    def prepare(side: str) -> tuple[str, World]:
        if side == MONOLITH:
            url = stack.enter_context(systems.running(run_dir, [TRACED_MONOLITH]))[MONOLITH]
            return url, seed_one(url)
        layer.add_hooks(endpoint_in(services))
        layer.write_held_spans(endpoint_in(services))  # starts every function, several at a time
        return str(systems.running_url(systems.MICROSERVICES, services)), world

    with ExitStack() as stack:
        with display.phase("metering: hooks around the functions, and a second monolith with hooks"):
            ready = on_both_sides(prepare)
        urls, worlds = (
            {side: url for side, (url, _) in ready.items()},
            {side: data for side, (_, data) in ready.items()},
        )
        with display.phase("metering: every operation on both sides", STEPS) as done:
            return metering({MONOLITH: run_dir, "microservices": services}, urls, worlds, done=done)


def metering(
    folders: Mapping[str, Path], urls: Mapping[str, str], worlds: Mapping[str, World], *, done: Callable[[], object]
) -> dict[str, Any]:
    """Walk the tours on both traced systems and return the chapter. folders: their run directories.

    done: called after each of the STEPS. Raise CallFailed if a call fails.
    """
    began, endpoint = time(), endpoint_in(folders["microservices"])
    feeds = {system.name: systems.live_url(system, folders[system.name]) for system in SYSTEMS}
    walked = on_both_sides(lambda side: _walk(side, urls[side], feeds[side], world=worlds[side], done=done))
    layer.write_held_spans(endpoint)
    everything = read_spans(folders, since_s=0)
    roots = {side: [root for root in everything[side] if root[0].start_ns > began * 1e9] for side in SIDES}
    chapter = Metering(
        operations={side: _operations(side, walked[side], roots[side]) for side in SIDES},
        journeys=meter.journeys(JOURNEYS, worlds[MONOLITH], walked[MONOLITH].answers),
        functions=meter.functions(everything["microservices"], _package_bytes(endpoint)),
        resources=meter.resources(),
        stored_bytes={MONOLITH: _rows(database_url(folders[MONOLITH])), "microservices": _items(endpoint)},
    )
    return {**msgspec.to_builtins(chapter), "took_s": round(time() - began, 1)}


def tour(world: World, draw: Random, *, administrator: str, listen: Listen) -> Steps:
    """Call every operation of the contract once, as a new user. Other calls lie between the two removals (meter.py)."""
    name, form = f"m{draw.getrandbits(40):x}", post_form("metered")
    yield _plain("GET /health", "/health")
    yield _plain("GET /openapi.json", "/openapi.json")
    yield calls.sign_up(name, OWN_PASSWORD)
    token = (yield calls.sign_in(name, OWN_PASSWORD)).record()["access_token"]
    yield calls.read_me(name, token)
    yield _plain("PATCH /users/me", "/users/me", body={"bio": "Reads a lot."}, token=token)
    yield calls.read_user(name)
    post = (yield calls.publish(form, token)).record()["id"]
    listen(topic_of(post))
    yield calls.read_post(post, form["title"])
    yield calls.revise(post, f"{form['title']} again", token)
    yield calls.list_posts()
    yield calls.cast(post, 1, token)
    yield calls.leaderboard()
    yield calls.leaderboard_page()
    yield _plain("DELETE /posts/{post_id}/vote", f"/posts/{post}/vote", expected=204, token=token)
    yield calls.search(" ".join(world.hot.title.lower().split()[:2]))
    yield from _orders(post, token, draw)
    yield calls.upload_avatar(picture(draw.random()), token)
    yield calls.read_avatar(world.accounts[0].username)
    yield calls.leave_feedback(post_form(f"metered {draw.random()}")["body"], "me@example.com")
    yield _plain("GET /feedback", "/feedback?limit=20", token=administrator)
    yield calls.trending()
    yield _plain("GET /site/{name}", "/site/leaderboard.css")
    yield _plain("DELETE /posts/{post_id}", f"/posts/{post}", expected=204, token=token)


def _orders(post: str, token: str, draw: Random) -> Steps:
    lines = [line(post)]
    wanted = outcome_of(lines)
    order = (yield calls.place_order(lines, wanted, key=f"{draw.getrandbits(128):032x}", token=token)).record()["id"]
    yield calls.read_order(order, wanted, token=token)
    yield calls.own_orders(token, holding=order)


def _plain(operation: str, path: str, **more: Any) -> Call:
    return Call(operation=operation, path=path, check=unchecked, **more)


def _walk(side: str, url: str, live_url: str, *, world: World, done: Callable[[], object]) -> _Walked:
    """Walk the tour once to warm up, and then the measured ones. Seeding has started the functions."""
    walked = _Walked()
    with open_client(url) as api, ExitStack() as feed:
        send(api, calls.sign_up(ADMINISTRATOR, PASSWORD))  # it may exist

        def listen(topic: str) -> None:
            listener = feed.enter_context(closing(Subscriber(live_url, [topic])))
            listener.messages = walked.messages

        administrator = succeed(api, calls.sign_in(ADMINISTRATOR, PASSWORD)).record()["access_token"]
        journey = _recorded(partial(tour, administrator=administrator, listen=listen), walked.answers)
        listen(ALL_POSTS)
        list(walk(api, journey, world, seed="metering warm-up", pause_s=0))
        sleep(SETTLE_S)
        done()
        for number in range(ROUNDS):
            tag = f"metering {number} {time_ns()}"
            walked.calls.extend(walk(api, journey, world, seed=tag, pause_s=PAUSE_S[side]))
            done()
    sleep(SETTLE_S)  # also until the connections are deleted
    return walked


def _recorded(journey: Journey, answers: dict[str, Answer]) -> Journey:
    """Return the journey with each read repeated; it stores the last answer of each operation."""

    def steps(world: World, draw: Random) -> Steps:
        inner = journey(world, draw)
        call = next(inner)
        while True:
            for _ in range(READS if call.method == "GET" else 1):
                answers[call.operation] = yield call
            try:
                call = inner.send(answers[call.operation])
            except StopIteration:
                return

    return steps


def _operations(side: str, walked: _Walked, roots: Sequence[Root]) -> dict[str, Operation]:
    counted = meter.operations(walked.calls, roots, side=side)
    counted |= meter.socket_operations(roots, _SOCKET_EVENTS[side], frames={SUBSCRIBE: _frames()})
    return _with_live_messages(counted, walked) if side == MONOLITH else counted


def _frames() -> tuple[int, int]:
    """Return the bytes of a subscription to a post and of its reply."""
    topic = topic_of(NO_POST)
    return len(msgspec.json.encode({"action": "subscribe", "topic": topic})), len(subscribed_json(topic))


def _with_live_messages(counted: Mapping[str, Operation], walked: _Walked) -> dict[str, Operation]:
    """Add the messages that a listener got to the operations that caused them. The monolith has no call for them."""
    offset_ns = time_ns() - perf_counter_ns()
    sent: dict[str, list[int]] = defaultdict(list)
    for at_s, message in walked.messages:
        earlier = [call for call in walked.calls if call.start_ns <= at_s * 1e9 + offset_ns]
        if earlier:
            cause = max(earlier, key=lambda call: call.start_ns).operation
            sent[cause].append(len(msgspec.json.encode(message)))
    return {name: _with_messages(each, sent[name]) if name in sent else each for name, each in counted.items()}


def _with_messages(operation: Operation, sizes: Sequence[int]) -> Operation:
    calls_of_one = len(sizes) / operation.calls
    stores = (StoreCalls(name="live send", calls=calls_of_one, request_bytes=sum(sizes) / operation.calls),)
    return msgspec.structs.replace(operation, stores=stores)


def _package_bytes(endpoint: str) -> dict[str, int]:
    with errors_as("the functions cannot be listed"):
        pages = client("lambda", endpoint).get_paginator("list_functions").paginate()
        known = [each for page in pages for each in page["Functions"]]
    return {each["FunctionName"].removeprefix(f"{STAGE}-"): each["CodeSize"] for each in known}


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
    with connect(database_url, pool_size=1).connect() as database:
        for table, kind in _ROWS.items():
            stored[kind] += float(database.execute(text(_ROW_BYTES.format(table))).scalar() or 0)  # type: ignore[assignment]
    return dict(stored)
