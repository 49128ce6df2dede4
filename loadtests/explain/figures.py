"""What was walked and told becomes figures of a report: each call of each journey on both sides."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loadtests.blocks import SIDES
from loadtests.explain.parts import Work, answering, part_of, parts, self_ms
from loadtests.explain.telling import Root
from loadtests.explain.trees import ASYNCHRONOUS, Forest
from loadtests.explain.walking import RunSettings
from loadtests.provenance import origin_of, origin_of_both

STORE = ("store call", "statement")


def figures(
    walks: Mapping[str, Mapping[str, list[RunSettings]]], told: Mapping[str, list[Root]], urls: Mapping[str, str]
) -> dict[str, Any]:
    """Return the part of a report. walks: the calls by side and journey, warm. told: by side, from the systems' start on."""
    forests = {side: Forest(told[side]) for side in SIDES}
    return {
        "origin": origin_of_both(*urls.values()),
        "origins": {side: origin_of(urls[side]) for side in SIDES},
        "journeys": {
            journey: {side: [_call(one, forests[side]) for one in walks[side][journey]] for side in SIDES}
            for journey in walks[SIDES[0]]
        },
        "cold_starts": sorted(_cold(told["microservices"]), key=lambda one: str(one["function"])),
    }


def _call(asked: RunSettings, forest: Forest) -> dict[str, Any]:
    works = list(answering(asked.sender.span, forest))
    later = [
        Work(span, depth, part_of(span), self_ms(span, forest)) for depth, span in forest.afterwards(asked.sender.span)
    ]
    return {
        "operation": asked.operation,
        "ms": round(asked.ms, 3),
        "parts": {name: round(ms, 3) for name, ms in parts(asked, forest).items()},
        "counts": {"bytes_out": asked.bytes_out, "bytes_in": asked.bytes_in, **_counts(works)},
        "spans": [_told(asked, work) for work in works],
        "afterwards": {
            "ms": round(_over_after(asked, later), 3),
            "counts": _counts(later),
            "spans": [_told(asked, work) for work in later],
        },
    }


def _counts(works: Iterable[Work]) -> dict[str, float]:
    found = [work.span for work in works]
    stores = [span for span in found if span.kind in STORE]
    made = [span for span in found if span.kind == "serialising"]
    return {
        "functions": sum(span.kind == "function" for span in found),
        "store_calls": len(stores),
        "units": sum(span.counts.get("units", 0) for span in stores),
        "rows": sum(span.counts.get("rows", 0) for span in stores),
        "store_bytes": sum(span.counts.get(way, 0) for span in stores for way in ("bytes_in", "bytes_out")),
        "serialisations": len(made),
        "json_bytes": sum(span.counts.get("bytes", 0) for span in made),
        "cold_starts": sum(span.kind == "cold start" for span in found),
    }


def _told(asked: RunSettings, work: Work) -> dict[str, Any]:
    span = work.span
    return {
        "depth": work.depth,
        "part": work.part,
        "kind": span.kind,
        "name": span.name,
        "service": span.service,
        "at_ms": round((span.start_ns - asked.start_ns) / 1e6, 3),
        "ms": round(span.ms, 3),
        "self_ms": round(work.self_ms, 3),
        "lines": span.lines,
        "counts": span.counts,
    }


def _over_after(asked: RunSettings, later: Iterable[Work]) -> float:
    """Return how long after the answer all was over, in milliseconds."""
    last = max((work.span.end_ns for work in later), default=asked.start_ns)
    return max(0.0, (last - asked.start_ns) / 1e6 - asked.ms)


def _cold(told: Iterable[Root]) -> Iterator[dict[str, Any]]:
    """Yield the first start of each function: how long its code took to load, what woke it, whether a request waited."""
    known = set()
    for top in (root[0] for root in told if root[0].kind == "cold start"):
        if top.service not in known:
            known.add(top.service)
            waited = top.name not in ASYNCHRONOUS
            yield {"function": top.service, "ms": round(top.ms, 1), "woken_by": top.name, "waited_for": waited}
