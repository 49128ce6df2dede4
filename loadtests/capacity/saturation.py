"""What was used up where a side broke, in a plain sentence with the figures that prove it; or that nothing measured was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from loadtests.capacity.climb import Probe
from loadtests.capacity.usage import Usage

MACHINE, PROCESS = 0.9, 0.9  # of all cores; of one, which is all that one process of Python can use
CONNECTIONS, LOCKS = 0.5, 1.0  # share of the looks at which all were busy; transactions that wait at a look
REFUSED = 0.01  # of what was offered
THROTTLED = ("status 429", "status 503")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The figures of the probes at one rate, averaged. all_busy, waiting: None where no database was looked at.

    limit: requests that the side answers at once. floor_broken: what the empty function broke at the same rate, in words.
    """

    rate: float
    machine: float
    cores: Mapping[str, float]
    busiest: Mapping[str, float]
    all_busy: float | None
    waiting: float | None
    throttled: float
    limit: int
    floor_broken: Sequence[str]


def evidence(probes: Sequence[Probe], *, limits: Mapping[str, int], floor_broken: Sequence[str]) -> Evidence | None:
    """Return what the probes of one rate show; None where nothing was seen, because the system was not started here."""
    used = [probe.usage for probe in probes if probe.usage]
    if not used:
        return None
    looks, limit = [look for one in used for look in one.looks], max(limits.values(), default=0)
    offered = sum(probe.block.offered for probe in probes)
    refused = sum(_throttled(probe) for probe in probes)
    return Evidence(
        rate=probes[0].rate,
        machine=mean(one.machine for one in used),
        cores=_average(used, "cores"),
        busiest=_average(used, "busiest"),
        all_busy=mean(look.busy >= limit for look in looks) if looks and limit else None,
        waiting=mean(look.waiting for look in looks) if looks else None,
        throttled=refused / max(1, offered),
        limit=limit,
        floor_broken=floor_broken,
    )


def sentence(seen: Evidence | None) -> str:
    """Return what was saturated, with the figures."""
    if seen is None:
        return "What saturated is unknown: the system was not started on this machine."
    found = list(_saturated(seen))
    if found:
        return f"Saturated at {seen.rate:.0f} a second: {'; '.join(found)}."
    process, share = max(seen.busiest.items(), key=lambda each: each[1], default=("none", 0.0))
    parts = [f"machine {_percent(seen.machine)} busy", f"busiest process {share:.2f} of a core ({process})"]
    if seen.all_busy is not None:
        parts.append(f"all database connections busy at {_percent(seen.all_busy)} of the looks")
    return f"Nothing measured was saturated at {seen.rate:.0f} a second: {', '.join(parts)}."


def as_figures(seen: Evidence) -> dict[str, Any]:
    """Return the evidence for report.json; shares and cores with three decimals."""
    return {
        "rate": round(seen.rate, 1),
        "machine": round(seen.machine, 3),
        "cores": {group: round(share, 3) for group, share in sorted(seen.cores.items())},
        "busiest": {group: round(share, 3) for group, share in sorted(seen.busiest.items())},
        "connections_all_busy": None if seen.all_busy is None else round(seen.all_busy, 3),
        "waiting_for_locks": None if seen.waiting is None else round(seen.waiting, 2),
        "throttled": round(seen.throttled, 4),
        "at_once": seen.limit,
    }


def _saturated(seen: Evidence) -> Iterator[str]:
    if seen.machine >= MACHINE:
        groups = sorted(seen.cores.items(), key=lambda each: -each[1])
        shares = ", ".join(f"{group} {cores:.2f}" for group, cores in groups if cores >= 0.05)
        yield f"the machine, {_percent(seen.machine)} of whose cores was in use ({shares} cores)"
    for group, share in seen.busiest.items():
        if share >= PROCESS:
            yield f"one process of {group}, at {share:.2f} of the one core that it can use"
    if seen.all_busy is not None and seen.all_busy >= CONNECTIONS:
        yield f"the database connections, all {seen.limit} busy at {_percent(seen.all_busy)} of the looks"
    if seen.waiting is not None and seen.waiting >= LOCKS:
        yield f"locks of the database, for which {seen.waiting:.1f} transactions waited at a time"
    if seen.throttled >= REFUSED:
        yield f"what answers at once ({seen.limit}): {100 * seen.throttled:.1f} % of the requests were refused for it"
    if seen.floor_broken:
        yield f"the gateway, behind which an empty function does not keep the level either ({', '.join(seen.floor_broken)})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _throttled(probe: Probe) -> int:
    return sum(count for reason, count in probe.block.reasons.items() if reason.endswith(THROTTLED))


def _average(used: Sequence[Usage], what: str) -> dict[str, float]:
    each: list[dict[str, float]] = [getattr(one, what) for one in used]
    return {
        group: mean(one.get(group, 0.0) for one in each) for group in sorted({name for one in each for name in one})
    }
