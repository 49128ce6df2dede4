"""Divide the time of a call into parts, and make the figures of the report.

A span's self time is its own time without the spans directly below it. What lies before, between and after the spans of a call
is the gateway's part, by the clock that all processes of the machine share. So the parts of a call add up to its time.
A wrong span makes a part negative. A missing span leaves a call without own code.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from statistics import median
from typing import Any, NamedTuple

from loadtests.explain import traces
from loadtests.explain.traces import Forest, Root, Span, TimedCall
from loadtests.results import SIDES

_PART_OF_KIND = {
    "request": traces.OWN, "function": traces.OWN, "background": traces.OWN, "store call": traces.STORES,
    "statement": traces.STORES, "transaction": traces.TRANSACTION, "cold start": traces.COLD,
}  # fmt: skip
_HOPS = ("lambda Invoke", "http GET")
_STORE_KINDS = ("store call", "statement")


class Work(NamedTuple):
    """A span, its depth below the call, the part of its self time, and its self time in milliseconds."""

    span: Span
    depth: int
    part: str
    self_ms: float


def parts(call: TimedCall, forest: Forest) -> dict[str, float]:
    """Return the milliseconds of each part of a call that is not empty."""
    by_part: dict[str, float] = defaultdict(float)
    reached = call.start_ns
    for span in forest.until_answer(call.sender.span):
        by_part[traces.GATEWAY] += (span.start_ns - reached) / 1e6
        reached = span.end_ns
    by_part[traces.GATEWAY] += (call.start_ns - reached) / 1e6 + call.ms
    for work in answering(call.sender.span, forest):
        by_part[work.part] += work.self_ms
    return dict(by_part)


def answering(span_id: str, forest: Forest, *, depth: int = 0, part: str | None = None) -> Iterator[Work]:
    """Yield all spans below a span that were waited for, parents first. part: the one that all of them belong to, if any."""
    for span in forest.until_answer(span_id):
        own = part or (traces.AUTHORIZER if span.name == traces.AUTHORIZER and span.kind == "function" else None)
        yield Work(span, depth, own or _part_of(span), _self_ms(span, forest))
        yield from answering(span.id, forest, depth=depth + 1, part=own)


def figures(walks: Mapping[str, Mapping[str, list[TimedCall]]], forests: Mapping[str, Forest]) -> dict[str, Any]:
    """Return the figures of each journey on both sides. walks: its calls, by side and journey. forests: by side."""
    return {
        journey: {side: [_call(one, forests[side]) for one in walks[side][journey]] for side in SIDES}
        for journey in walks[SIDES[0]]
    }


def _part_of(span: Span) -> str:
    return traces.HOPS if span.name in _HOPS else _PART_OF_KIND[span.kind]


def _self_ms(span: Span, forest: Forest) -> float:
    return span.ms - sum(below.ms for below in forest.until_answer(span.id))


def _call(call: TimedCall, forest: Forest) -> dict[str, Any]:
    works = list(answering(call.sender.span, forest))
    later = [
        Work(span, depth, _part_of(span), _self_ms(span, forest)) for depth, span in forest.afterwards(call.sender.span)
    ]
    return {
        "operation": call.operation,
        "ms": round(call.ms, 3),
        "parts": {name: round(ms, 3) for name, ms in parts(call, forest).items()},
        "counts": {"bytes_out": call.bytes_out, "bytes_in": call.bytes_in, **_counts(works)},
        "spans": [_span(call, work) for work in works],
        "afterwards": {
            "ms": round(_ended_after_ms(call, later), 3),
            "counts": _counts(later),
            "spans": [_span(call, work) for work in later],
        },
    }


def _counts(works: Iterable[Work]) -> dict[str, float]:
    spans = [work.span for work in works]
    stores = [span for span in spans if span.kind in _STORE_KINDS]
    return {
        "functions": sum(span.kind == "function" for span in spans),
        "store_calls": len(stores),
        "units": sum(span.counts.get("units", 0) for span in stores),
        "rows": sum(span.counts.get("rows", 0) for span in stores),
        "store_bytes": sum(span.counts.get(way, 0) for span in stores for way in ("bytes_in", "bytes_out")),
    }


def _span(call: TimedCall, work: Work) -> dict[str, Any]:
    span = work.span
    return {
        "depth": work.depth,
        "part": work.part,
        "kind": span.kind,
        "name": span.name,
        "service": span.service,
        "at_ms": round((span.start_ns - call.start_ns) / 1e6, 3),
        "ms": round(span.ms, 3),
        "self_ms": round(work.self_ms, 3),
        "lines": span.lines,
        "counts": span.counts,
    }


def _ended_after_ms(call: TimedCall, later: Iterable[Work]) -> float:
    """Return the milliseconds from the answer until all of its later work had ended."""
    last = max((work.span.end_ns for work in later), default=call.start_ns)
    return max(0.0, (last - call.start_ns) / 1e6 - call.ms)


def cold_starts(functions: Mapping[str, Mapping[str, Any]], roots: Iterable[Root]) -> dict[str, Any]:
    """Return the chapter `cold_starts`: what a function's first invocation costs, compared with warm ones (decision 22).

    functions: those of the metering. roots: since the functions were started.
    """
    processes: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
    init_ms = defaultdict[str, list[float]](list)
    for top in (root[0] for root in roots):
        if top.kind == "cold start":
            init_ms[top.service].append(top.counts["cpu_ms"])
        elif top.kind == "function":
            processes[top.service, top.process].append(top)
    first_ms, warm_ms = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for (service, _), tops in processes.items():
        first, *later = sorted(tops, key=lambda top: top.start_ns)
        first_ms[service].append(first.ms)
        warm_ms[service] += [top.ms for top in later if top.name == first.name]
    rows = {
        name: {
            "init_cpu_ms": round(median(init_ms[name]), 2) if init_ms[name] else None,
            **_median("first_ms", first_ms[name]),
            **_median("warm_ms", warm_ms[name]),
            "package_mb": round(one["package_bytes"] / 1e6, 2),
        }
        for name, one in sorted(functions.items())
    }
    return {"functions": rows, "origin": "emulated"}


def _median(name: str, values: list[float]) -> dict[str, Any]:
    """Return the median with its range; None without values."""
    if not values:
        return {name: None}
    return {name: round(median(values), 2), f"{name}_range": [round(min(values), 2), round(max(values), 2)]}
