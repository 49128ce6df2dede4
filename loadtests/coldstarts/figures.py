"""From trials to the figures of `cold_starts` in report.json."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from loadtests.coldstarts.notes import Note
from loadtests.coldstarts.trials import Trial
from microservices.deploy.imports import OURS, PROVIDED

MB_OF_A_PROCESSOR = 1769  # cited: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SIZES_MB = (128, 256, 512, 1024, MB_OF_A_PROCESSOR, 3008)
AS_GOOD_AS_THE_BEST = 1.1  # times the shortest time
REST = "other libraries"
GROUPS = ("boto3", "powertools", REST, "standard library", "domain", "own code")
_GROUP_OF = {
    **dict.fromkeys(PROVIDED, "boto3"),
    **dict.fromkeys(sys.stdlib_module_names, "standard library"),
    **dict.fromkeys(OURS | {"monolith"}, "own code"),
    "aws_lambda_powertools": "powertools",
    "shared_domain": "domain",
}
Figures = dict[str, Any]


def share_of(memory_mb: int) -> float:
    """Return the share of one processor that comes with so much memory: at most one, for Python computes on one at a time."""
    return min(1.0, memory_mb / MB_OF_A_PROCESSOR)


def function(trials: Sequence[Trial], swept: Mapping[int, Trial], *, memory_mb: int, **known: Any) -> Figures:
    """Return the figures of one function. swept: a trial for each size with less than a whole processor. known: the rest."""
    peak_mb = most_mb(trials)
    rows = sweep(trials, swept, peak_mb=peak_mb)
    return {
        **known,
        "memory_mb": memory_mb,
        "trials": len(trials),
        "pids": [one.pid for one in trials],
        "cold": cold(trials, memory_mb),
        "warm": warm(trials, memory_mb),
        "peak_mb": round(peak_mb, 1),
        "sweep": rows,
        "cheapest_mb": cheapest(rows),
    }


def cold(trials: Sequence[Trial], memory_mb: int) -> Figures:
    """Return what a cold start takes, and the medians of its parts: imports and clients count as such within the first call too."""
    notes = [(one.start, one.first) for one in trials]
    totals = [one.init_ms + one.first.wall_ms for one in trials]
    return {
        "start_ms": rounded_median(one.init_ms - sum(one.start.own_ms.values()) for one in trials),
        "imports_ms": {
            group: rounded_median(imports_ms(start, group) + imports_ms(first, group) for start, first in notes)
            for group in GROUPS
        },
        "clients_ms": rounded_median(start.clients_ms + first.clients_ms for start, first in notes),
        "rest_of_first_ms": rounded_median(first.wall_ms - sum(first.own_ms.values()) for _, first in notes),
        "init_ms": spread([one.init_ms for one in trials]),
        "first_call_ms": spread([first.wall_ms for _, first in notes]),
        "total_ms": spread(totals),
        "waited_ms": spread([one.waited_ms for one in trials]),
        "gb_s": gb_s(totals, memory_mb),
    }


def warm(trials: Sequence[Trial], memory_mb: int) -> Figures:
    """Return what a call of a warm process takes."""
    calls = [call for one in trials for call in one.warm]
    return {
        "call_ms": spread([call.wall_ms for call in calls]),
        "processor_ms": spread([call.cpu_ms for call in calls]),
        "waited_ms": spread([ms for one in trials for ms in one.warm_waited_ms]),
        "gb_s": gb_s([call.wall_ms for call in calls], memory_mb),
    }


def sweep(trials: Sequence[Trial], swept: Mapping[int, Trial], *, peak_mb: float) -> list[Figures]:
    """Return time and gigabyte-seconds by memory; without a trial of any size, nothing.

    From the memory of a whole processor on, the trials that were held to no share hold for all sizes.
    """
    rows = []
    for size in SIZES_MB if swept else ():
        held = list(trials) if share_of(size) == 1 else [swept[size]] if size in swept else []
        fits = {"memory_mb": size, "share": round(share_of(size), 3), "fits": size >= peak_mb}
        rows.append({**fits, **(_timed(held, trials, size) if held else {})})
    return rows


def _timed(held: Sequence[Trial], free: Sequence[Trial], memory_mb: int) -> Figures:
    """INIT is taken as it is with a whole processor; see docs/method.md."""
    init = rounded_median(one.init_ms for one in free)
    first, calls = [init + one.first.wall_ms for one in held], [call.wall_ms for one in held for call in one.warm]
    return {
        "cold_ms": rounded_median(first),
        "warm_ms": rounded_median(calls),
        "modelled_warm_ms": _modelled_ms([call for one in free for call in one.warm], share_of(memory_mb)),
        "cold_gb_s": gb_s(first, memory_mb),
        "warm_gb_s": gb_s(calls, memory_mb),
    }


def _modelled_ms(calls: Sequence[Note], share: float) -> float:
    """Return processor time over the share, and the waiting beside it as it was."""
    used, took = median(call.cpu_ms for call in calls), median(call.wall_ms for call in calls)
    return round(used / share + max(0.0, took - used), 2)


def cheapest(rows: Iterable[Figures]) -> int | None:
    """Return the memory with the fewest gigabyte-seconds of a warm call, of those as good as the best; None without all sizes."""
    fit = [row for row in rows if row["fits"]]
    if not fit or not all("warm_ms" in row for row in fit):
        return None
    best = min(row["warm_ms"] for row in fit)
    good = [row for row in fit if row["warm_ms"] <= AS_GOOD_AS_THE_BEST * best]
    return int(min(good, key=lambda row: (row["warm_gb_s"], row["memory_mb"]))["memory_mb"])


def gb_s(milliseconds: Iterable[float], memory_mb: int) -> float:
    """Return the median of the gigabyte-seconds that such durations are billed for, each rounded up to a whole millisecond."""
    return float(f"{median(math.ceil(ms) for ms in milliseconds) / 1000 * memory_mb / 1024:.4g}")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, lowest and highest."""
    return {"median": round(median(values), 2), "low": round(min(values), 2), "high": round(max(values), 2)}


def most_mb(trials: Iterable[Trial]) -> float:
    """Return the most memory that any of the processes ever held, in MB of 2**20 bytes."""
    return max(call.peak_kib for one in trials for call in (one.start, one.first, *one.warm)) / 1024


def imports_ms(note: Note, group: str) -> float:
    """Return what the imports of a group of libraries took."""
    return sum(took for library, took in note.imports_ms.items() if _GROUP_OF.get(library, REST) == group)


def rounded_median(values: Iterable[float]) -> float:
    """Return the median with two decimals."""
    return round(median(values), 2)
