"""What a function's first invocation costs, compared with warm ones: the chapter `cold_starts`. Decision 22 gives the method."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from loadtests.explain.traces import Root, Span


def chapter(functions: Mapping[str, Mapping[str, Any]], roots: Iterable[Root]) -> dict[str, Any]:
    """Return the figures of each function. functions: those of the metering. roots: since the functions were started."""
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
