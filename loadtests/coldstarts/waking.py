"""How each function is woken: one that answers HTTP by a request, any other by an event that its own trigger has given it before.

Every event may come again and does no harm then: the tests of the services hold each function to that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from loadtests import calls
from loadtests.calls import Call
from loadtests.client import succeed
from loadtests.coldstarts.deployed import Deployed
from loadtests.coldstarts.notes import Notes
from loadtests.data.seeding import PASSWORD
from loadtests.data.world import World
from loadtests.systems import SystemFailed
from microservices.deploy.site_repository import SiteRepository
from microservices.deploy.site_trigger import last_push
from tests.bench.thumbnail_rows import photograph

PUSHED = "site-publisher"
PICTURED = "avatars-thumbnails"  # forgets a picture once it is made small, so it gets a new one each time
TOLD_WITHIN_S = 20.0
POLL_S = 0.02


def requests(world: World) -> dict[str, Call]:
    """Return the request that each function gets, which answers HTTP: what most visitors ask, or what it does for most."""
    somebody = world.accounts[0]
    return {
        "avatars-http": calls.read_avatar(somebody.username),
        "feedback-http": calls.leave_feedback("Well done"),
        "orders-http": calls.own_orders(somebody.token),
        "platform-http": Call(operation="GET /health", path="/health", check=calls.unchecked),
        "posts-http": calls.list_posts(),
        "search-http": calls.search(world.hot.title),
        "trending-http": calls.trending(),
        "users-http": calls.sign_in(somebody.username, PASSWORD),
        "votes-http": calls.leaderboard(),
    }


class Waker:
    """Wakes functions, each always in the same way."""

    def __init__(self, deployed: Deployed, api: httpx.Client, world: World, *, events: Mapping[str, Any]) -> None:
        self._deployed, self._api, self._events = deployed, api, events
        self._requests = requests(world)
        self._owner = world.accounts[0]

    def prepare(self, name: str) -> None:
        """Have the gateway know who asks: it asks the authorizer once a minute, which is another function's start."""
        if name in self._requests and self._requests[name].token:
            succeed(self._api, calls.read_me(self._owner.username, self._owner.token))

    def wake(self, name: str) -> None:
        """Wake a function; return when it has answered, or has been told. Raise CallFailed or SystemFailed."""
        if name == PICTURED:
            succeed(self._api, self._upload)
        elif name in self._requests:
            succeed(self._api, self._requests[name])
        else:
            self._deployed.invoke(name, self._events[name])

    @cached_property
    def _upload(self) -> Call:
        """Made when first needed: the photograph takes two seconds."""
        taken = calls.upload_avatar(photograph(), self._owner.token)
        return replace(taken, headers={"Content-Type": "image/jpeg"})

    def by(self, name: str) -> str:
        """Return in a few words what wakes a function."""
        if name in self._requests:
            return self._requests[name].operation
        return source_of(self._events[name]) if name in self._events else "s3, 1 record"


def kept_events(names: Iterable[str], world: World, notes: Notes, *, run_dir: Path) -> dict[str, Any]:
    """Return, for each function that events wake, one that it got: the one with the most to do for a record.

    Raise SystemFailed if one got none in time.
    """
    found: dict[str, Any] = {PUSHED: last_push(SiteRepository(run_dir.resolve() / "microservices" / "site.git"))}
    deadline = monotonic() + TOLD_WITHIN_S
    for name in set(names) - {PICTURED, *requests(world), *found}:
        while not (processes := [process for process in notes.of(f"{name}-0") if process.calls]):
            if monotonic() > deadline:
                raise SystemFailed(f"nothing woke {name} in {TOLD_WITHIN_S:.0f} s")
            sleep(POLL_S)
        later = [call for process in processes for call in process.calls[1:]]
        first = [process.calls[0] for process in processes]  # which has more to do, whatever the event
        found[name] = max(later or first, key=lambda call: call.cpu_ms / _records(call.event)).event
    return found


def source_of(event: Any) -> str:
    """Return what an event is from, with how many records; one without records comes from a gateway."""
    sources = [record.get("eventSource") or record.get("EventSource") for record in event.get("Records", [])]
    records = f"{len(sources)} record{'s' * (len(sources) > 1)}"
    return f"{sources[0].removeprefix('aws:')}, {records}" if sources else "api gateway"


def _records(event: Any) -> int:
    return max(1, len(event.get("Records", [])))
