"""Users for Locust, with its web page or without: `locust -f loadtests/locustfile.py --host URL`.

URL is the base URL of either system. Before a run it is given a few accounts and posts through its public API.
These users are closed: each waits for its answer before it goes on. `python -m loadtests load` offers open load.
The same shapes and mixes are there (twins.py): `--shape ramp --users 20`, `--trace FILE`, `--mix browse`.
With `--worker --master-host HOST` it is a worker also of the open generator, where that one's master waits.
"""

import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from random import Random
from time import perf_counter, time
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, User, between, events, task
from locust.exception import StopUser
from locust.runners import WorkerRunner

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # Locust adds this folder, not the one above it

from loadtests import journeys
from loadtests.calls import Answer, Call, Outcome, judge
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.generator import twins
from loadtests.journeys import Journey
from loadtests.live.deliveries import PUBLISHED
from loadtests.live.subscriber import NotSubscribed, Subscriber, beside
from loadtests.workers.worker import Worker

ALL = "everything"  # the mix where none is chosen, with listeners to the live feed besides
SIZE = seeding.Size(accounts=4, posts=20, votes=30)
worlds: dict[str, World] = {}


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def seed(environment: Any, **_: object) -> None:
    """Give the host what the journeys work with, once a run."""
    worlds.clear()
    worlds[environment.host] = seeding.seed(environment.host, SIZE, run=f"{int(time() * 1000):x}"[-8:], done=list)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def options(parser: Any) -> None:
    """Let the live feed be named, where it is not below the base URL, and a shape and a mix be chosen."""
    parser.add_argument("--live-url", default="", help="of the live feed (below the host, as on the monolith)")
    twins.options(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def chosen(environment: Any, runner: Any, **_: object) -> None:
    """Follow the shape and the mix that were chosen; as a worker, listen to a master of the open generator too."""
    asked = environment.parsed_options
    if isinstance(runner, WorkerRunner):
        Worker(runner)
        return
    listeners = [one for one in environment.user_classes if one is Listener and not asked.mix]
    environment.user_classes[:] = [
        *twins.weighted(environment.user_classes, twins.mix_of(asked.mix or ALL)),
        *listeners,
    ]
    if asked.shape or asked.trace:
        environment.shape_class = Twin(asked)
        environment.shape_class.runner = runner


class Twin(LoadTestShape):
    """Follows the shape or the trace of the options, which the web page may still change."""

    abstract = True  # else Locust would take it also where none is asked for
    use_common_options = True

    def __init__(self, asked: Namespace) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.asked = asked

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are now, and that they come and go at once; None at the end."""
        users = twins.users_at(self.asked, float(self.get_run_time()))  # type: ignore[no-untyped-call]
        return None if users is None else (users, float(self.asked.num_users or twins.DEFAULT_USERS))


class Walker(FastHttpUser):
    """Walks one journey after the other; each call is checked, and a journey ends at its first wrong answer."""

    abstract = True
    wait_time = between(0.2, 1.0)
    journey: Journey

    @task
    def walk(self) -> None:
        """Walk the journey once."""
        steps = type(self).journey(worlds[str(self.host)], Random())
        call = next(steps)
        while (answer := self.sent(call)) is not None:
            try:
                call = steps.send(answer)
            except StopIteration:
                return
            gevent.sleep(call.after_s)

    def sent(self, call: Call) -> Answer | None:
        """Return the answer to a call if it is right; Locust's statistics hear why if not."""
        with self.client.request(
            call.method,
            call.path,
            name=call.operation,
            data=call.payload(),  # type: ignore[arg-type]  # bytes go out as they are
            headers=call.all_headers(),
            catch_response=True,
        ) as response:
            answer = Answer(response.status_code or 0, response.content or b"")
            outcome, reason = judge(call, answer)
            response.success() if outcome is Outcome.SUCCESS else response.failure(reason)
        return answer if outcome is Outcome.SUCCESS else None


class Reader(Walker):
    """Reads."""

    journey = staticmethod(journeys.reader)


class Searcher(Walker):
    """Searches."""

    journey = staticmethod(journeys.searcher)


class Writer(Walker):
    """Publishes."""

    journey = staticmethod(journeys.writer)


class Voter(Walker):
    """Votes."""

    journey = staticmethod(journeys.voter)


class HotVoter(Walker):
    """Votes for what everybody votes for."""

    journey = staticmethod(journeys.hot_voter)


class Visitor(Walker):
    """Sees what is trending and leaves a word."""

    journey = staticmethod(journeys.visitor)


class Sitter(Walker):
    """Puts up pictures."""

    journey = staticmethod(journeys.sitter)


class Buyer(Walker):
    """Orders boosts."""

    journey = staticmethod(journeys.buyer)


class Listener(User):
    """Listens for new posts, where no mix is chosen. A lag counts from the post's own time: both clocks must agree."""

    weight = 1
    wait_time = between(0.1, 0.1)
    subscriber: Subscriber | None = None

    def on_start(self) -> None:
        """Subscribe, or say why that failed and be gone."""
        address = self.environment.parsed_options.live_url or beside(str(self.host))
        try:
            self.subscriber = Subscriber(address, ["posts"])
        except NotSubscribed as refused:
            self._noted(0.0, refused)
            raise StopUser from refused

    def on_stop(self) -> None:
        """Hang up."""
        if self.subscriber:
            self.subscriber.close()

    @task
    def listen(self) -> None:
        """Note what has come."""
        if self.subscriber is None:
            return
        came, self.subscriber.heard = self.subscriber.heard, []
        behind_s = perf_counter() - time()
        for at, message in came:
            if message.get("type") == PUBLISHED:
                created = datetime.fromisoformat(message["post"]["created_at"]).timestamp()
                self._noted((at - behind_s - created) * 1000, None)

    def _noted(self, lag_ms: float, failure: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="LIVE", name=PUBLISHED, response_time=lag_ms, response_length=0, exception=failure, context={}
        )
