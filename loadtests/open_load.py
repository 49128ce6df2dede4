"""Open load in Locust: requests start at their due times, however slow earlier answers are.

A closed user waits for an answer, so while a server stalls it sends nothing and counts the stall once. Here every arrival has a
due time, starts in a greenlet of its own, and its response time is measured from the due time.
"""

from collections.abc import Iterator
from itertools import repeat
from math import inf
from time import perf_counter, process_time
from typing import Any

import gevent
from gevent import Greenlet
from geventhttpclient.client import HTTPClient, HTTPClientPool
from locust import FastHttpUser, constant, task
from locust.contrib.fasthttp import LocustBadStatusCode, ResponseContextManager, insecure_ssl_context_factory
from locust.env import Environment
from locust.exception import StopTest, StopUser

from loadtests import mixes
from loadtests.calls import Answer, Call, Outcome, judge, unchecked
from loadtests.journeys import JourneyPool
from loadtests.latencies import Failure, Latencies, publish
from loadtests.load import LoadPlan
from loadtests.tally import DROPPED

LATE_S = 0.010
SAMPLE_S = 0.1  # between samples of the CPU share, which shorter intervals make too coarse
PAUSE_EVERY = (
    100  # arrivals: yield to other greenlets, so that answers and Ctrl-C are handled even if all arrivals are late
)
ALL_STATUSES = frozenset(range(100, 600))
PLAIN = {"Accept-Encoding": "identity"}  # decompression would count as the system's time


class SingleAttemptPool(HTTPClientPool):
    """Create connections that send each request once. geventhttpclient would repeat some and count them as one."""

    def get_client(self, url: Any) -> HTTPClient:
        """Return the client of a host."""
        client = super().get_client(url)
        client._connection_pool.size = -1  # the number of retries is size + 1
        return client


class OpenLoad(FastHttpUser):
    """Offer the arrivals of the environment's plan. One user a process is enough: it starts a greenlet for each arrival."""

    wait_time = constant(0)
    max_redirects = 0

    def __init__(self, environment: Environment) -> None:
        self.latencies: Latencies | None = getattr(environment, "latencies", None)
        if not self.latencies or not self.latencies.run or not self.latencies.run.plan.rate:
            raise StopTest("OpenLoad has no plan: start Locust with --rate or --trace")
        self.load = self.latencies.run
        self.host = (self.host or "").rstrip("/")
        self.client_pool = _pool(self.load.plan)
        super().__init__(environment)
        agent: Any = self.client.client
        agent.valid_response_codes = ALL_STATUSES  # the check of a call decides, not the status alone
        agent.cookiejar = None  # both systems set no cookies
        self.calls = self.source(self.load.plan)
        self._open: dict[Greenlet, dict[str, Any]] = {}
        self._cpu, self._cpu_begin_s, self._next_sample_s = 0.0, 0.0, 0.0

    def source(self, plan: LoadPlan) -> Iterator[tuple[Any, Call]]:
        """Return an iterator of steps with their calls. `advance` gets a step and its answer."""
        if plan.path:
            return repeat((None, Call(operation=f"GET {plan.path}", path=plan.path, check=unchecked)))
        return JourneyPool(plan.journeys or mixes.by_name(plan.scenario).journeys, plan.world, plan.seed)

    def advance(self, step: Any, answer: Answer, offset_s: float) -> None:
        """Continue the journey of a step after its successful answer. offset_s: its due time."""
        if isinstance(self.calls, JourneyPool):
            self.calls.advance(step, answer)

    @task
    def offer(self) -> None:
        """Start every arrival at its due time, wait for the last answers, and end."""
        if self.load.begun:  # Locust moved a user here from a lost worker, whose arrivals it cannot make up for
            raise StopUser
        self.load.begun, self.load.begin, self._cpu_begin_s = True, perf_counter(), process_time()
        for number, offset_s in enumerate(self.load.plan.arrivals()):
            early_s = self.load.begin + offset_s - perf_counter()
            if early_s > 0 or number % PAUSE_EVERY == 0:
                gevent.sleep(max(0.0, early_s))
            self._arrive(offset_s)
        gevent.joinall(list(self._open), timeout=self.load.plan.timeout_ms / 1000 + 1)
        self._give_up()
        raise StopUser

    def on_stop(self) -> None:
        """Abandon the requests under way."""
        gevent.killall(list(self._open))

    def _arrive(self, offset_s: float) -> None:
        elapsed_s = perf_counter() - self.load.begin
        if elapsed_s >= self._next_sample_s:  # a sample is a system call
            self._cpu = (process_time() - self._cpu_begin_s) / max(elapsed_s, SAMPLE_S)
            self._next_sample_s = elapsed_s + SAMPLE_S
        context = {"offset_s": offset_s, "late": elapsed_s - offset_s > LATE_S, "cpu": self._cpu}
        if len(self._open) < self.load.plan.max_in_flight:
            self._open[gevent.spawn(self._start, context)] = context
        else:
            self._fire(DROPPED, None, Failure(DROPPED, "too many requests in flight"), context)

    def _start(self, context: dict[str, Any]) -> None:
        try:
            step, call = next(self.calls)
            context["operation"] = call.operation
            plan, due = self.load.plan, self.load.begin + context["offset_s"]
            answer, outcome = send(self, call, context=context, due=due, timeout_ms=plan.timeout_ms)
            if outcome is Outcome.SUCCESS:
                self.advance(step, answer, context["offset_s"])
        finally:
            del self._open[gevent.getcurrent()]

    def _give_up(self) -> None:
        """Count the requests without an answer, with the time that they waited."""
        waiting = dict(self._open)
        gevent.killall(list(waiting))
        for context in waiting.values():
            waited_ms = (perf_counter() - self.load.begin - context["offset_s"]) * 1000
            failure = Failure(Outcome.ERROR.value, "timeout")
            self._fire(context.get("operation", "unanswered"), waited_ms, failure, context)

    def _fire(self, name: str, time_ms: float | None, failure: Failure, context: dict[str, Any]) -> None:
        self.environment.events.request.fire(
            request_type="OPEN", name=name, response_time=time_ms, response_length=0, exception=failure, context=context
        )


def run_local(plan: LoadPlan, user_class: type[OpenLoad]) -> Latencies:
    """Run a plan in this process with Locust as a library. Return its latencies."""
    environment = Environment(user_classes=[user_class], host=plan.base_url)
    runner = environment.create_local_runner()
    latencies = attach(environment)
    publish(environment, plan, number=1)
    runner.start(1, spawn_rate=1)
    runner.spawning_greenlet.get()  # type: ignore[union-attr]  # raises what the user's constructor raises
    gevent.joinall(list(runner.user_greenlets))
    runner.quit()
    return latencies


def attach(environment: Environment) -> Latencies:
    """Attach a counter to an environment that has a runner, and return it. OpenLoad reads its plan there."""
    environment.latencies = Latencies(environment)  # type: ignore[attr-defined]
    return environment.latencies  # type: ignore[attr-defined,no-any-return]


def send(
    user: FastHttpUser, call: Call, *, context: dict[str, Any], due: float | None = None, timeout_ms: float = inf
) -> tuple[Answer, Outcome]:
    """Send a call, check its answer, and report the outcome to Locust. Return both.

    due: the intended start, on perf_counter's scale, from which the response time counts. A successful answer after timeout_ms is
    an error.
    """
    with user.client.request(
        call.method,
        call.path,
        name=call.operation,
        data=call.payload(),  # type: ignore[arg-type]  # bytes are sent unchanged
        headers=PLAIN | call.all_headers(),
        catch_response=True,
        context=context,
    ) as response:
        if due is not None:
            response.request_meta["response_time"] = (perf_counter() - due) * 1000
        answer = _answer(response)
        outcome, reason = judge(call, answer)
        if outcome is Outcome.SUCCESS and response.request_meta["response_time"] > timeout_ms:
            outcome, reason = Outcome.ERROR, "late"
        response.success() if outcome is Outcome.SUCCESS else response.failure(Failure(outcome.value, reason))
    return answer, outcome


def _answer(response: ResponseContextManager) -> Answer:
    """Return the answer of a response, with status 0 if the response broke off."""
    broken = response.request_meta["exception"]
    if broken is None or isinstance(broken, LocustBadStatusCode):
        return Answer(response.status_code, response.content or b"")
    cause = getattr(broken, "original", None) or broken
    return Answer(0, failure="timeout" if isinstance(cause, TimeoutError | gevent.Timeout) else "no connection")


def _pool(plan: LoadPlan) -> SingleAttemptPool:
    return SingleAttemptPool(
        concurrency=plan.max_in_flight,
        connection_timeout=plan.timeout_ms / 1000,
        network_timeout=plan.timeout_ms / 1000,
        insecure=True,
        ssl_context_factory=insecure_ssl_context_factory,
    )
