"""The tables of a report, as rows of text, for every form it is written in."""

from collections.abc import Iterator
from typing import Any

from loadtests.blocks import SIDES

SCENARIO_HEAD = (
    "scenario", "side", "offered/s", "right/s", "errors", "refused", "dropped", "p50 ms", "p95 ms", "p99 ms",
    "generator CPU", "origin",
)  # fmt: skip
# The ratio is microservices over monolith: above 1 the monolith is faster.
VERDICT_HEAD = ("scenario", "p95 ratio", "99 % interval", "faster", "origin")
FLOOR_HEAD = ("side", "floor", "p50 ms", "p95 ms", "origin")
FRESHNESS_HEAD = ("from → to", "side", "p50 ms", "p95 ms", "longest ms", "first read stale", "origin")
FLOORS = {"empty": "answers nothing", "key_read": "one read by key"}
FRESHNESS = {
    "vote_to_post_score": "vote → score",
    "vote_to_leaderboard_json": "vote → leaderboard",
    "vote_to_leaderboard_html": "vote → page",
    "post_to_search": "post → search",
}
Rows = Iterator[tuple[str, ...]]


def scenarios(report: dict[str, Any]) -> Rows:
    """Yield one row a scenario and side."""
    for name, scenario in report["scenarios"].items():
        for side in SIDES:
            one = scenario[side]
            counts = (f"{one[key]}" for key in ("errors", "refusals", "dropped"))
            times = (milliseconds(one[key]) for key in ("p50_ms", "p95_ms", "p99_ms"))
            cpu = f"{one['generator_cpu']:.0%}{' void' if one['void'] else ''}"
            yield (name, side, f"{one['offered_rate']:g}", f"{one['goodput']:g}", *counts, *times, cpu, one["origin"])


def verdicts(report: dict[str, Any]) -> Rows:
    """Yield one row a scenario: who is faster, and how sure that is."""
    for name, scenario in report["scenarios"].items():
        ratio = scenario["ratio_p95"]
        interval = f"{ratio['low']:.2f} – {ratio['high']:.2f}"
        yield name, f"{ratio['value']:.2f}", interval, ratio["verdict"], ratio["origin"]


def floors(report: dict[str, Any]) -> Rows:
    """Yield one row a side and floor."""
    for side, found in report["floors"].items():
        for name, words in FLOORS.items():
            yield side, words, milliseconds(found[name]["p50_ms"]), milliseconds(found[name]["p95_ms"]), found["origin"]


def freshness(report: dict[str, Any]) -> Rows:
    """Yield one row a kind and side."""
    for kind, words in FRESHNESS.items():
        for side, lag in report["freshness"].get(kind, {}).items():
            times = (milliseconds(lag[key]) for key in ("p50_ms", "p95_ms", "max_ms"))
            never = f", {lag['never']} never" if lag["never"] else ""
            yield words, side, *times, f"{lag['stale_first_reads']} of {lag['trials']}{never}", lag["origin"]


def milliseconds(value: float) -> str:
    """Return milliseconds with no more digits than they deserve."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
