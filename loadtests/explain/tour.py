"""Call every operation of the contract on both traced systems, for the chapters `explain` and `metering`.

The live feed has one subscriber to each topic, so each message is sent once.
"""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter_ns, sleep, time, time_ns
from typing import Any

import httpx

from loadtests import calls, systems
from loadtests.calls import Answer, Call, Outcome, judge, unchecked
from loadtests.client import CallFailed, open_client, send, succeed
from loadtests.data.orders import line, outcome_of
from loadtests.data.pictures import picture
from loadtests.data.world import World, post_form
from loadtests.errors import RunError
from loadtests.explain import traced
from loadtests.explain.hooks.carriers import NAME, Traceparent, new_span, new_trace
from loadtests.explain.traces import Root, TimedCall
from loadtests.journeys import Steps, drive
from loadtests.live.subscriber import Subscriber
from loadtests.parity.script import PASSWORD
from loadtests.processes import on_sides
from loadtests.results import SIDES
from loadtests.systems import ADMINISTRATOR
from shared_domain.live import ALL_POSTS, topic_of

OWN_PASSWORD = "correct horse battery"  # noqa: S105 - of users that exist for one run
ROUNDS, READS = 2, 3  # measured tours, and calls of each read in a tour
STEPS = len(SIDES) * (1 + ROUNDS)
QUIET_S = {"monolith": 0.2, "microservices": 0.5}  # without a new span of a call
EFFECTS_END_S, POLL_S = 30.0, 0.05
SETTLE_S = 2.0
VOTE_ON_NEW_POST = "PUT /posts/{post_id}/vote, new post"  # its event has not arrived, so votes calls posts
SETUP = "POST /posts, setup"  # a call that is not counted
NO_EFFECTS = {"POST /users", "POST /tokens", "PATCH /users/me", "POST /feedback"}  # after the answer
SENT, RECEIVED = "http11.send_request_headers.started", "http11.receive_response_body.complete"
Listen = Callable[[str], object]  # subscribes to a topic


@dataclass(frozen=True, slots=True)
class Walked:
    """The calls of the measured tours, their last answers, and the messages of the live feed: (time, message)."""

    calls: list[TimedCall] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tours:
    """The tours of both sides. began_s: before them, in seconds of the epoch. The others: by side."""

    folders: Mapping[str, Path]
    worlds: Mapping[str, World]
    walked: Mapping[str, Walked]
    began_s: float

    def roots(self, side: str) -> list[Root]:
        """Return the root spans of a side since the tours began."""
        return [root for root in traced.spans_of(side, self.folders[side]) if root[0].start_ns > self.began_s * 1e9]


def walk_tours(folders: Mapping[str, Path], worlds: Mapping[str, World], *, done: Callable[[], object]) -> Tours:
    """Run the tours on both traced systems. folders: their run directories. done: called after each of the STEPS.

    Raise CallFailed if a call fails.
    """
    began_s, own = time(), {system.name: system for system in traced.SYSTEMS}
    push_to_site(folders["microservices"])

    def walk_one(side: str) -> Walked:
        url, live_url = (find(own[side], folders[side]) for find in (systems.running_url, systems.live_url))
        return _walk(side, folders[side], str(url), str(live_url), world=worlds[side], done=done)

    return Tours(folders=folders, worlds=worlds, walked=on_sides(SIDES, walk_one), began_s=began_s)


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


def vote_on_new_post(_: World, draw: Random) -> Steps:
    """Vote for a post before its event arrives. It comes last: nothing says when the effects are over."""
    name = f"m{draw.getrandbits(40):x}"
    yield calls.sign_up(name, OWN_PASSWORD)
    token = (yield calls.sign_in(name, OWN_PASSWORD)).record()["access_token"]
    post = (yield replace(calls.publish(post_form("metered"), token), operation=SETUP)).record()["id"]
    yield replace(calls.cast(post, 1, token), operation=VOTE_ON_NEW_POST)


def _orders(post: str, token: str, draw: Random) -> Steps:
    lines = [line(post)]
    wanted = outcome_of(lines)
    order = (yield calls.place_order(lines, wanted, key=f"{draw.getrandbits(128):032x}", token=token)).record()["id"]
    yield calls.read_order(order, wanted, token=token)
    yield calls.own_orders(token, holding=order)


def _plain(operation: str, path: str, **more: Any) -> Call:
    return Call(operation=operation, path=path, check=unchecked, **more)


def push_to_site(folder: Path) -> None:
    """Push a change of one file to the repository of the site, which the services publish."""
    repository = folder.resolve() / "microservices" / "site.git"
    with TemporaryDirectory() as copy:
        _git("clone", "--quiet", str(repository), copy)
        (Path(copy) / "metered.txt").write_text("metered\n", encoding="utf-8")
        _git("-C", copy, "add", "metered.txt")
        author = ("-c", "user.name=metering", "-c", "user.email=metering@localhost")
        _git("-C", copy, *author, "commit", "--quiet", "--message", "Add a file")
        _git("-C", copy, "push", "--quiet")


def _git(*arguments: str) -> None:
    result = subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8", check=False)
    if result.returncode:
        raise RunError(f"the site cannot be pushed: {result.stderr.strip()}")


def _walk(side: str, folder: Path, url: str, live_url: str, *, world: World, done: Callable[[], object]) -> Walked:
    """Run the tour once to warm up, and then the measured ones. Seeding has started the functions."""
    walked, effects_end = Walked(), partial(_wait_for_effects, side, folder)
    with open_client(url) as api, ExitStack() as feed:
        send(api, calls.sign_up(ADMINISTRATOR, PASSWORD))  # it may exist

        def listen(topic: str) -> None:
            listener = feed.enter_context(closing(Subscriber(live_url, [topic])))
            listener.messages = walked.messages

        administrator = succeed(api, calls.sign_in(ADMINISTRATOR, PASSWORD)).record()["access_token"]
        journey = partial(tour, administrator=administrator, listen=listen)
        listen(ALL_POSTS)
        drive(journey(world, Random("metering warm-up")), Walker(api, Walked()))
        done()
        for number in range(ROUNDS):
            drive(journey(world, Random(f"metering {number} {time_ns()}")), Walker(api, walked, effects_end))
            done()
        effects_end()
        drive(vote_on_new_post(world, Random(f"metering {time_ns()}")), Walker(api, walked))
    sleep(SETTLE_S)  # also until the connections are deleted
    return walked


def _wait_for_effects(side: str, folder: Path) -> None:
    """Return when the effects of all calls are over: none has caused a span for a time. Raise RunError if they do not end."""
    caused, quiet_since = 0, monotonic()
    deadline = quiet_since + EFFECTS_END_S
    while monotonic() < quiet_since + QUIET_S[side]:
        if monotonic() > deadline:
            raise RunError(f"{side}: the effects of a call were not over after {EFFECTS_END_S:g} s")
        if (now := traced.number_caused(side, folder)) != caused:
            caused, quiet_since = now, monotonic()
        sleep(POLL_S)


class Walker:
    """Send the calls of a tour: each read several times, and a write only when the effects of all writes before it are over."""

    def __init__(self, api: httpx.Client, walked: Walked, effects_end: Callable[[], object] = lambda: None) -> None:
        self._api, self._walked, self._effects_end = api, walked, effects_end

    def __call__(self, call: Call) -> Answer:
        """Return the last answer. Raise CallFailed if one is wrong."""
        if call.method != "GET" and call.operation not in NO_EFFECTS:
            self._effects_end()
        for _ in range(READS if call.method == "GET" else 1):
            timed, answer = _send(self._api, call)
            self._walked.calls.append(timed)
        self._walked.answers[call.operation] = answer
        return answer


@dataclass(slots=True)
class Wire:
    """The first byte of a request and the last byte of its response, from httpx's trace extension."""

    sent_ns: int = 0
    began: int = 0
    ended: int = 0

    def __call__(self, event: str, _: dict[str, Any]) -> None:
        if event == SENT:
            self.sent_ns, self.began = time_ns(), perf_counter_ns()
        elif event == RECEIVED:
            self.ended = perf_counter_ns()


def _send(api: httpx.Client, call: Call) -> tuple[TimedCall, Answer]:
    """Send a call with a traceparent of its own, and time it on the wire."""
    sender, wire, content = Traceparent(new_trace(), new_span()), Wire(), call.payload() or b""
    headers = {**call.all_headers(), NAME: str(sender)}
    request = api.build_request(
        call.method, call.path, content=content or None, headers=headers, extensions={"trace": wire}
    )
    try:
        response = api.send(request)
    except httpx.TransportError as error:
        raise CallFailed(f"{call.operation} at {api.base_url}: {error}") from error
    answer = Answer(response.status_code, response.content)
    outcome, reason = judge(call, answer)
    if outcome is not Outcome.SUCCESS:
        raise CallFailed(f"{call.operation} at {api.base_url}: {reason}")
    timed = TimedCall(
        operation=call.operation,
        sender=sender,
        start_ns=wire.sent_ns,
        ms=(wire.ended - wire.began) / 1e6,
        bytes_in=len(response.content),
        bytes_out=len(content),
        request_bytes=len(content) + len(f"{call.method} {call.path} HTTP/1.1\r\n\r\n") + _head_bytes(request.headers),
        response_bytes=len(response.content) + len("HTTP/1.1 200 OK\r\n\r\n") + _head_bytes(response.headers),
    )
    return timed, answer


def _head_bytes(headers: httpx.Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers.raw if name.lower() != NAME.encode())
