"""Latency and freshness on AWS (`modelled`): a Monte Carlo over the counted work of each operation and the cited latencies.

What a request waits for is added up, part after part: nothing runs in parallel, and nothing queues (scale.py does that). Processor
time is the mean measured here, stretched by the function's share of a processor (queueing.py); so the spread of a result is that
of hops, stores, pauses and cold starts. The client's network is left out.

A distribution is known by a few percentiles. Its quantile function is interpolated between them: the logarithm of the value is
linear in the deviate of the normal distribution, so two percentiles make a lognormal distribution, and more of them a chain of
lognormal pieces. The outer pieces continue beyond the outer percentiles, up to a minimum p0 and a maximum p100 if they are known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtests.errors import UsageError
from loadtests.forecast.parameters import Figure, Parameters, Recording
from loadtests.forecast.queueing import Floats, cold_share, elapsed_ms, share_of
from loadtests.forecast.units import latency_name, run_ms
from loadtests.metering import counts
from loadtests.metering.counts import MONOLITH, SERVICES, Function, Metering, Operation, StoreCalls, Work
from microservices.deploy import templates

CHAPTER = "latency"
SAMPLES, SEED = 20_000, 1
FAR = 8.0  # standard deviations: no sample is further out
PERCENTILES = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
HEADLINE = {"read a post": "GET /posts/{post_id}", "vote": "PUT /posts/{post_id}/vote", "search": "GET /search"}
PARTS = {
    MONOLITH: ("balancer", "server", "round trips", "database"),
    SERVICES: ("gateway", "authorizer", "own code", "stores", "cold starts"),
}
HOPS = {  # from the call that starts a hop to the start of the handler. Every queue here is subscribed to the topic
    counts.STREAM: ("hop.stream",),
    counts.TOPIC: ("hop.topic",),
    counts.QUEUE: ("hop.topic_to_queue", "hop.queue"),
    counts.KINESIS: ("hop.kinesis",),
}
PUBLISH = "sns.publish"
BOUNDARIES, WRITES = ("BEGIN", "COMMIT", "ROLLBACK"), ("INSERT", "UPDATE", "DELETE")  # of a transaction
PATHS = {  # operation, and the functions that run one after the other until the effect is visible
    "vote_to_post_score": ("PUT /posts/{post_id}/vote", ("votes-projection", "posts-scores")),
    "vote_to_leaderboard_json": ("PUT /posts/{post_id}/vote", ("votes-projection",)),
    "post_to_search": ("POST /posts", ("search-projection",)),
    "order_to_settled": (
        "POST /orders",
        ("orders-event-relay", "users-credits", "orders-saga", "orders-event-relay", "posts-boosts", "orders-saga"),
    ),
    "view_to_trending": ("GET /posts/{post_id}", ("trending-projection",)),
}
BUFFERED = ("view_to_trending",)  # the monolith collects views in the process and writes them together
Parts = dict[str, Floats]


@dataclass(slots=True)
class Model:
    """Draws samples of times in milliseconds.

    cold_share: share of cold runs of every function. None: that of a warm pool at `lambda.requests_per_second`.
    """

    parameters: Parameters
    functions: Mapping[str, Function]
    samples: int = SAMPLES
    cold_share: float | None = None
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))

    def draw(self, name: str, calls: float = 1.0) -> Floats:
        """Return the time of `calls` calls, one after the other. Half a call is one call of every second sample."""
        figure, own_ms = self.parameters.figure(name), 0.0
        if name.startswith("dynamodb."):
            own_ms = self.parameters.value("dynamodb.sdk_in_figures")
        total = self.zero()
        for number in range(int(np.ceil(calls))):
            total += np.maximum(quantiles(figure, self._normal()) - own_ms, 0) * self.happens(calls - number)
        return total

    def happens(self, share: float) -> NDArray[np.bool_]:
        """Return in which samples something happens that has this probability."""
        return self.random.random(self.samples) < share

    def zero(self) -> Floats:
        """Return a part that takes no time."""
        return np.zeros(self.samples)

    def run(self, work: Work) -> Parts:
        """Return the parts of one run of a function. Raise UsageError for an unknown one."""
        if work.name not in self.functions:
            raise UsageError(f"{counts.CHAPTER}: unknown function {work.name!r}")
        function = self.functions[work.name]
        return {
            "own code": self.elapsed(work.cpu_ms / self.parameters.value("cpu.speed"), function),
            "stores": self.stores(work.stores),
            "cold starts": self._cold_start(work, function),
        }

    def elapsed(self, cpu_ms: float, function: Function) -> Floats:
        """Return how long a function needs for its processor time. See queueing.py."""
        share, period_ms = share_of(function.memory_mb, self.parameters), self.parameters.value("lambda.cpu_period")
        return elapsed_ms(cpu_ms, share, period_ms=period_ms, phases=self.random.random(self.samples))

    def stores(self, calls: Iterable[StoreCalls]) -> Floats:
        """Return the time of store calls, one after the other."""
        total = self.zero()
        for each in calls:
            total += self.draw(latency_name(each), each.calls)
        return total

    def _cold_start(self, work: Work, function: Function) -> Floats:
        """Return the time that cold starts add: placement, INIT, the first use of the clients."""
        value, cold = self.parameters.value, self.cold_share
        if cold is None:
            rate, run_s = (
                np.asarray(value("lambda.requests_per_second")),
                run_ms(work, function, self.parameters) / 1000,
            )
            cold = float(cold_share(rate, run_s, value("lambda.idle_expiry")))
        init_ms = function.init_cpu_ms / value("cpu.speed")  # INIT has a whole processor, whatever the memory
        added = self.draw("lambda.placement") + self.draw("lambda.init_plain") + self.stores(function.init_stores)
        if work.stores:
            added += self.elapsed(value("lambda.first_call_cpu"), function)
        return self.happens(cold) * (added + init_ms)

    def _normal(self) -> Floats:
        return self.random.standard_normal(self.samples)


def quantiles(figure: Figure, normal: Floats) -> Floats:
    """Return the values of a distribution at deviates of the normal distribution. See the module's docstring."""
    if figure.value is not None:
        return np.full_like(normal, figure.value)
    points = {float(name[1:]) / 100: value for name, value in figure.percentiles.items()}
    inner = {share: value for share, value in points.items() if 0 < share < 1}
    if min(points.values()) <= 0 or len(inner) == 1:
        return np.full_like(normal, figure.percentiles["p50"])
    at, logs = np.array([NormalDist().inv_cdf(share) for share in inner]), np.log([*inner.values()])
    slopes = np.diff(logs) / np.diff(at)
    low, high = logs[0] - slopes[0] * (FAR + at[0]), logs[-1] + slopes[-1] * (FAR - at[-1])
    values = np.exp(np.interp(normal, [-FAR, *at, FAR], [low, *logs, high]))
    within: Floats = np.clip(values, points.get(0.0, 0.0), points.get(1.0, np.inf))
    return within


def services_parts(operation: Operation, model: Model) -> Parts:
    """Return the parts of a request to the services until its answer."""
    parts = {name: model.zero() for name in PARTS[SERVICES]}
    parts["gateway"] += model.draw("gateway.http")
    parts["stores"] += model.stores(operation.stores)
    for work in (each for each in operation.work if each.waited):
        invoked = {name: each * model.happens(min(work.runs, 1)) for name, each in model.run(work).items()}
        if work.trigger == counts.AUTHORIZER:
            total = sum(invoked.values(), model.draw("gateway.integration"))
            parts["authorizer"] += total * model.happens(1 - model.parameters.value("authorizer.cached_share"))
            continue
        if work.trigger in (counts.GATEWAY, counts.SOCKET):
            parts["gateway"] += model.draw("gateway.integration")
        for name, each in invoked.items():
            parts[name] += each
    return parts


def monolith_parts(operation: Operation, model: Model) -> Parts:
    """Return the parts of a request to the monolith: each statement is a round trip to a database in the same zone."""
    parts = {name: model.zero() for name in PARTS[MONOLITH]}
    parts["balancer"] += model.draw("balancer.http")
    for work in (each for each in operation.work if each.waited):
        parts["server"] += work.cpu_ms / model.parameters.value("cpu.speed")
        writes = any(each.name.startswith(WRITES) for each in work.stores)
        for each in work.stores:
            parts["round trips"] += model.draw("network.zone_round_trip", each.calls)
            if each.name not in BOUNDARIES:
                parts["database"] += model.draw("database.statement", each.calls)
            elif each.name == "COMMIT" and writes:  # else there is nothing to write to the log
                parts["database"] += model.draw("database.commit", each.calls)
    return parts


def services_lag(kind: str, operation: Operation, model: Model) -> Floats:
    """Return the time from a write until its effect is stored: hop, batch window and run of each function on the way."""
    lag = model.zero()
    if kind in BUFFERED:  # the request that recorded the view sends it
        lag += model.draw("kinesis.put_records")
    works = {work.name: work for work in reversed(operation.work)}
    path = [works[name] for name in PATHS[kind][1]]
    for work, following in zip(path, [*path[1:], None], strict=True):
        lag += sum((model.draw(hop) for hop in HOPS[work.trigger]), model.zero()) + batch_windows_ms()[work.name]
        lag += sum(model.run(_until_hop(work, following) if following else work).values(), model.zero())
    return lag


def _until_hop(work: Work, following: Work) -> Work:
    """Return the part of a run before the call that starts the next hop, whose cited time includes that call.

    That is the last write for a stream, and the publication for a topic. Processor time is divided like the calls.
    """
    names = [latency_name(each) for each in work.stores]
    calls = len(names) - 1 if following.trigger == counts.STREAM else (*names, PUBLISH).index(PUBLISH)
    cpu_ms = work.cpu_ms * (calls + 1) / (len(names) + 1)
    return msgspec.structs.replace(work, stores=work.stores[:calls], cpu_ms=cpu_ms)


def monolith_lag(kind: str, model: Model) -> Floats:
    """Return the lag of the monolith: none within a transaction, else up to the interval at which views are written."""
    longest_ms = model.parameters.value("views.flush") if kind in BUFFERED else 0.0
    return longest_ms * model.random.random(model.samples)


@cache
def batch_windows_ms() -> dict[str, float]:
    """Return how long each function's event source collects records, from the templates. A lone record waits for all of it."""
    windows: dict[str, float] = {}
    for service in templates.services():
        for function in templates.resources(service, "AWS::Serverless::Function").values():
            sources = function.get("Events", {}).values()
            seconds = (one["Properties"].get("MaximumBatchingWindowInSeconds", 0) for one in sources)
            windows[templates.name_in_stage(function["FunctionName"])] = 1000.0 * max(seconds, default=0)
    return windows


def chapter(metering: Metering, parameters: Parameters) -> dict[str, Any]:
    """Return the chapter `latency` of report.json: each operation and each effect on AWS, and the parameters behind them."""
    recording = Recording(parameters.figures)
    model = Model(replace(parameters, figures=recording), metering.functions)
    answered = (name for name, one in metering.operations[SERVICES].items() if not one.is_socket or one.work[0].waited)
    operations = {name: _operation(name, metering, model) for name in answered}
    missing = {kind: _not_metered(kind, metering) for kind in PATHS}
    freshness = {kind: _freshness(kind, metering, model) for kind, names in missing.items() if not names}
    return {
        "origin": "modelled", "region": parameters.region, "samples": model.samples, "seed": SEED,
        "operations": operations, "freshness": freshness, "missing": {kind: names for kind, names in missing.items() if names},
        "headline": {label: operations[name] for label, name in HEADLINE.items() if name in operations},
        "parameters": {name: msgspec.to_builtins(parameters.figure(name)) for name in sorted(recording.used)},
    }  # fmt: skip


def _operation(name: str, metering: Metering, model: Model) -> dict[str, Any]:
    """Return both sides of an operation. A cold request is one whose functions all start cold."""
    services = metering.operations[SERVICES][name]
    cold = Model(model.parameters, metering.functions, model.samples, cold_share=1.0)
    sides = {SERVICES: _figures(services_parts(services, model))}
    sides[SERVICES]["cold_p50_ms"] = _figures(services_parts(services, cold))["p50_ms"]
    if monolith := metering.operations[MONOLITH].get(name):
        sides[MONOLITH] = _figures(monolith_parts(monolith, model))
    return sides


def _not_metered(kind: str, metering: Metering) -> list[str]:
    """Return the operation or the functions without which an effect has no forecast."""
    name, path = PATHS[kind]
    if name not in metering.operations[SERVICES]:
        return [name]
    return sorted({*path} - {work.name for work in metering.operations[SERVICES][name].work})


def _freshness(kind: str, metering: Metering, model: Model) -> dict[str, Any]:
    lag = services_lag(kind, metering.operations[SERVICES][PATHS[kind][0]], model)
    return {SERVICES: _figures({"lag": lag}), MONOLITH: _figures({"lag": monolith_lag(kind, model)})}


def _figures(parts: Parts) -> dict[str, Any]:
    """Return percentiles of the sum, and its parts: of the median, and of the slowest 2 %, scaled to p99."""
    total = sum(parts.values(), np.zeros(1))
    figures: dict[str, Any] = {key: float(np.percentile(total, point)) for key, point in PERCENTILES.items()}
    for name, low, high in (("p50", 45, 55), ("p99", 98, 100)):
        around = (total >= np.percentile(total, low)) & (total <= np.percentile(total, high))
        scale = figures[f"{name}_ms"] / (total[around].mean() or 1)
        figures[f"{name}_parts"] = {part: float(each[around].mean() * scale) for part, each in parts.items()}
    return figures
