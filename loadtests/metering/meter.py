"""Count what each operation causes, from traced calls: the chapter `metering`.

A run that several calls caused, such as a batch of a stream, is divided among them. The stream's record of a removed item
carries no trace, so its run is attributed to the removal before it. The authorizer is counted separately, because the gateway
caches its answers: each operation with a token gets one mean run of it.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean, median
from typing import Any

import numpy as np

from loadtests.calls import Answer
from loadtests.data.world import World
from loadtests.explain.traces import ASYNCHRONOUS, Root, Span, TimedCall, with_parents
from loadtests.forecast.queueing import Floats
from loadtests.journeys import Journey, operations_of
from loadtests.metering import counts
from loadtests.metering.counts import MONOLITH, Function, Operation, StoreCalls, Work
from microservices.deploy import templates

# By the names of root spans.
_TRIGGERS = {"call": counts.INVOKE, "views": counts.KINESIS, "push": counts.OBJECT, "request": counts.GATEWAY}
_OPTIONAL = {"balancer"}  # a stack that is not deployed by default
_SECRET = "secretsmanager GetSecretValue"  # noqa: S105
_DRAWS = 200  # of each journey
_COUNTS = {  # of a store call, by their names in a span
    "read_units": "read_units", "write_units": "write_units", "request_bytes": "bytes_out", "response_bytes": "bytes_in",
}  # fmt: skip
# As the template's access log writes a request, with the length of AWS's values.
_ACCESS_LOG_VALUES = {"$context.requestId": 16, "$context.status": 3, "$context.responseLatency": 2}


Runs = list[tuple[Root, float]]  # of one piece of work, each with its share for the calls that are metered


class Causes:
    """What caused each root span of one side. calls: in their order."""

    def __init__(self, roots: Sequence[Root], calls: Sequence[TimedCall]) -> None:
        removals = [call for call in calls if call.operation.startswith("DELETE ")]
        starts = [call.start_ns for call in removals]
        self._below: dict[str, list[tuple[Root, float]]] = defaultdict(list)
        for root, parents in with_parents(roots):
            top = root[0]
            before = bisect(starts, top.start_ns)
            is_removal = not parents and top.name == counts.STREAM and before
            causes = {removals[before - 1].sender.span} if is_removal else parents
            for cause in causes if top.kind != "cold start" else ():
                self._below[cause].append((root, 1 / len(causes)))

    def runs(
        self, spans: Iterable[str], *, share: float = 1.0, waited: bool = True
    ) -> Iterator[tuple[Root, float, bool]]:
        """Yield all runs below some spans: each with its share, and whether the answer waited for it."""
        for span in spans:
            for root, own in self._below[span]:
                still = waited and root[0].is_waited_for
                yield root, share * own, still
                yield from self.runs([each.id for each in root], share=share * own, waited=still)


def operations(calls: Sequence[TimedCall], roots: Sequence[Root], *, side: str) -> dict[str, Operation]:
    """Return the operations of one side, from its calls and all of its root spans."""
    causes, by_name = Causes(roots, calls), defaultdict(list)
    for call in calls:
        by_name[call.operation].append(call)
    authorizer = _authorizer(roots)
    routes = gateway_routes() if side != MONOLITH else {}
    return {name: _operation(name, made, causes, authorizer, routes) for name, made in by_name.items()}


def _operation(
    name: str, made: Sequence[TimedCall], causes: Causes, authorizer: Work | None, routes: "Mapping[str, Route]"
) -> Operation:
    runs: dict[tuple[str, str, bool], Runs] = defaultdict(list)
    route, senders = routes.get(name.partition(",")[0]), {call.sender.span for call in made}
    log_bytes = float(route.log_bytes) if route else 0.0
    for root, share, waited in causes.runs(senders):
        top, trigger = root[0], trigger_of(root[0])
        if trigger == counts.GATEWAY and top.parent not in senders:  # one service calls another through the gateway
            trigger, log_bytes = counts.INVOKE, log_bytes + routes[top.name].log_bytes * share / len(made)
        if trigger != counts.AUTHORIZER:
            runs[top.service, trigger, waited].append((root, share / len(made)))
    works = [_work(*key, each) for key, each in runs.items()]
    if route and route.has_token and authorizer:
        works.insert(0, authorizer)
    return Operation(
        calls=len(made),
        request_bytes=fmean(call.request_bytes for call in made),
        response_bytes=fmean(call.response_bytes for call in made),
        work=tuple(works),
        stores=(StoreCalls(name="s3 GetObject", calls=1.0),) if route and route.is_object else (),
        log_bytes=log_bytes,
    )


def events(
    roots: Sequence[Root], names: Mapping[str, str], *, frames: Mapping[str, tuple[int, int]]
) -> dict[str, Operation]:
    """Return the events that are not HTTP requests. names: by their root spans'. frames: bytes of an event's message and reply."""
    runs: dict[str, list[Root]] = defaultdict(list)
    for root in roots:
        if root[0].name in names and root[0].kind != "cold start":
            runs[root[0].name].append(root)
    return {
        names[event]: Operation(
            calls=len(own),
            request_bytes=frames.get(names[event], (0, 0))[0],
            response_bytes=frames.get(names[event], (0, 0))[1],
            work=(_mean_work(own, trigger_of(own[0][0]), waited=trigger_of(own[0][0]) == counts.SOCKET),),
            is_socket=True,
        )
        for event, own in runs.items()
    }


def functions(roots: Sequence[Root], package_bytes: Mapping[str, int]) -> dict[str, Function]:
    """Return all functions. roots: with their cold starts. package_bytes: of each function's zip."""
    started: dict[str, list[Root]] = defaultdict(list)
    secrets: Counter[str] = Counter()
    for root in roots:
        if root[0].kind == "cold start":
            started[root[0].service].append(root)
        secrets[root[0].service] += sum(span.name == _SECRET for span in root)
    return {
        name: Function(
            feature=feature,
            memory_mb=memory_mb,
            init_cpu_ms=median(root[0].counts["imports_cpu_ms"] for root in started[name]) if started[name] else 0.0,
            package_bytes=package_bytes[name],
            init_stores=(StoreCalls(name=_SECRET, calls=1.0),) if secrets[name] else (),
        )
        for feature in templates.services()
        for name, memory_mb in _memory(feature).items()
    }


def journeys(walked: Mapping[str, Journey], world: World, answers: Mapping[str, Answer]) -> dict[str, dict[str, float]]:
    """Return the mean calls of each operation in a journey, from draws that get the answers of the metered calls."""
    means = {}
    for name, journey in walked.items():
        draws = (operations_of(journey, world, answers, seed=number) for number in range(_DRAWS))
        means[name] = {operation: calls / _DRAWS for operation, calls in Counter(chain.from_iterable(draws)).items()}
    return means


def resources() -> dict[str, float]:
    """Return what the templates declare that is billed, or polled, while nothing runs."""
    kinds: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for service in set(templates.services()) - _OPTIONAL:
        for each in templates.load(service)["Resources"].values():
            kinds[each["Type"]] += each.get("Condition") not in ("Warm", "Scaled")
        for each in templates.resources(service, "AWS::Serverless::Function").values():
            found.update(event["Type"] for event in each.get("Events", {}).values())
        for each in templates.resources(service, "AWS::Kinesis::Stream").values():
            found["shards"] += _default(service, each["ShardCount"]["Fn::If"][2])
    return {
        "alarms": kinds["AWS::CloudWatch::Alarm"],
        "custom_metrics": kinds["AWS::Logs::MetricFilter"],
        "secrets": kinds["AWS::SecretsManager::Secret"],
        "kinesis_shards": found["shards"],
        "polled_queues": found["SQS"],
        "stream_consumers": found["DynamoDB"],
        "queues": kinds["AWS::SQS::Queue"],
        "tables": kinds["AWS::DynamoDB::Table"],
        "functions": kinds["AWS::Serverless::Function"],
        "log_groups": kinds["AWS::Logs::LogGroup"],
        "log_retention_days": _default("platform", {"Ref": "LogRetentionDays"}),
    }


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the HTTP API. is_object: the gateway reads S3 itself, and no function runs."""

    has_token: bool
    is_object: bool
    log_bytes: int


def gateway_routes() -> dict[str, Route]:
    """Return the routes of all templates, by their keys, which are the operations' names."""
    (stage,) = templates.resources("platform", "AWS::ApiGatewayV2::Stage").values()
    line = stage["AccessLogSettings"]["Format"]
    for name, length in _ACCESS_LOG_VALUES.items():
        line = line.replace(name, length * "-")
    line = line.replace("$context.integrationErrorMessage", "-")
    return {
        route["RouteKey"]: Route(
            has_token=route.get("AuthorizationType") == "CUSTOM",
            is_object=_integration_of(service, route) == "HTTP_PROXY",
            log_bytes=len(line.replace("$context.routeKey", route["RouteKey"])),
        )
        for service in templates.services()
        for route in templates.resources(service, "AWS::ApiGatewayV2::Route").values()
    }


def trigger_of(top: Span) -> str:
    """Return the trigger of a run, from its root span."""
    if top.kind == "background":
        return counts.BACKGROUND
    if top.service == MONOLITH:
        return counts.REQUEST
    if top.name.startswith("live "):
        return counts.SOCKET
    known = {*ASYNCHRONOUS, counts.AUTHORIZER, *_TRIGGERS}
    return _TRIGGERS.get(top.name, top.name) if top.name in known else counts.GATEWAY


def _integration_of(service: str, route: Mapping[str, Any]) -> str:
    name = route["Target"]["Fn::Sub"].partition("${")[2].rstrip("}")
    return str(templates.resources(service, "AWS::ApiGatewayV2::Integration").get(name, {}).get("IntegrationType", ""))


def _memory(service: str) -> dict[str, int]:
    of_all = templates.load(service).get("Globals", {}).get("Function", {}).get("MemorySize")
    return {
        templates.name_in_stage(each["FunctionName"]): _default(service, each.get("MemorySize", of_all))
        for each in templates.resources(service, "AWS::Serverless::Function").values()
    }


def _default(service: str, value: Any) -> int:
    """Return a number of a template: the default of a parameter, or the value itself."""
    return int(templates.load(service)["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value)


def _authorizer(roots: Sequence[Root]) -> Work | None:
    """Return one mean run of the authorizer, None if it never ran. A first run also reads the secret: leave it out."""
    ran = [root for root in roots if root[0].kind == "function" and root[0].name == counts.AUTHORIZER]
    warm = [root for root in ran if all(span.name != _SECRET for span in root)] or ran
    return _mean_work(warm, counts.AUTHORIZER, waited=True) if warm else None


def _mean_work(roots: Sequence[Root], trigger: str, *, waited: bool) -> Work:
    """Return one run with the mean of all runs."""
    return _work(roots[0][0].service, trigger, waited, [(root, 1 / len(roots)) for root in roots])


def _work(name: str, trigger: str, waited: bool, runs: Runs) -> Work:
    tops, share = [root[0] for root, _ in runs], sum(share for _, share in runs)
    return Work(
        name=name,
        trigger=trigger,
        waited=waited,
        runs=share,
        records=sum(each * root[0].counts.get("records", 1) for root, each in runs) / share,
        cpu_ms=median(top.counts["cpu_ms"] for top in tops),
        log_bytes=sum(each * root[0].counts["log_bytes"] for root, each in runs) / share,
        stores=_stores(runs, share),
    )


def _stores(runs: Runs, whole: float) -> tuple[StoreCalls, ...]:
    """Return the calls of one mean run, by kind."""
    totals: dict[str, Floats] = defaultdict(lambda: np.zeros(1 + len(_COUNTS)))
    for root, share in runs:
        for name, amounts in _calls(root):
            totals[name] += share / whole * np.array([1, *(amounts.get(each, 0) for each in _COUNTS.values())])
    return tuple(
        StoreCalls(name=name, **dict(zip(("calls", *_COUNTS), total.tolist(), strict=True)))
        for name, total in totals.items()
    )


def _calls(root: Root) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield the calls of a run, without those of a new process only. psycopg sends BEGIN before a first statement."""
    for span in root:
        if span.kind == "statement" and span.counts.get("begins"):
            yield "BEGIN", {}
        if span.kind in ("store call", "statement") and span.name != _SECRET:
            yield span.name, span.counts
        if span.kind == "transaction" and span.counts.get("round_trips"):
            yield span.name, {}
