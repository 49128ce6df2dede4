"""The tables of a report, as rows of text, for every form it is written in."""

from collections.abc import Iterator
from typing import Any

from loadtests.blocks import SIDES
from loadtests.report.verdicts import SHORT, judged, verdict

SCENARIO_HEAD = (
    "scenario", "side", "offered/s", "right/s", "errors", "refused", "dropped", "p50 ms", "p95 ms", "p99 ms",
    "generator CPU", "origin",
)  # fmt: skip
# The ratio is the second side over the first: of times, above 1 the first is faster.
VERDICT_HEAD = ("scenario", "metric", "ratio", "99 % interval", "change", "in spreads", "better", "stands on", "origin")
FLOOR_HEAD = ("side", "floor", "p50 ms", "p95 ms", "origin")
FRESHNESS_HEAD = ("from → to", "side", "p50 ms", "p95 ms", "longest ms", "first read stale", "origin")
FLOORS = {"empty": "answers nothing", "key_read": "one read by key"}
FRESHNESS = {
    "vote_to_post_score": "vote → score",
    "vote_to_leaderboard_json": "vote → leaderboard",
    "vote_to_leaderboard_html": "vote → page",
    "post_to_search": "post → search",
    "order_to_settled": "order → settled",
    "avatar_to_shown": "avatar → shown",
    "view_to_trending": "view → trending",
    "post_to_live": "post → live message",
    "vote_to_live": "vote → live message",
}
EVENTUAL_ON_BOTH = ("avatar_to_shown", "view_to_trending", "post_to_live", "vote_to_live")
ON_BOTH = " (on both)"
PUSHED = ("post_to_live", "vote_to_live")  # nobody reads, so no read is stale
LIVE_HEAD = (
    "side", "subscribers", "writes", "messages", "lost", "doubled", "p50 ms", "p95 ms", "last p50 ms", "last p95 ms",
    "origin",
)  # fmt: skip
EFFECTS = {
    "lost_or_doubled_votes": "votes lost or counted twice",
    "lost_or_doubled_credits": "credits lost or taken twice",
    "lost_or_doubled_boost_days": "days of boosts lost or given twice",
    "wrong_orders": "orders that settled wrongly",
    "unsettled_orders": "orders that did not settle",
    "lost_live_messages": "live messages lost",
    "doubled_live_messages": "live messages sent twice",
}
RESOURCES_HEAD = ("side", "may use", "origin")
Rows = Iterator[tuple[str, ...]]


def sides(report: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the two sides of a run."""
    return tuple(report.get("sides", SIDES))


def parity(report: dict[str, Any]) -> str:
    """Return what the parity gate found, in words."""
    found = report["parity"]
    late = found.get("rechecked_alone", 0)
    return f"{found['checks']:,} checks, {found['failed']} failed" + (
        f" ({late} came too late beside others and in time when asked alone)" if late else ""
    )


def effects_head(report: dict[str, Any]) -> tuple[str, ...]:
    """Return the heads of the books."""
    return ("after the load", *sides(report), "origin")


def scenarios(report: dict[str, Any]) -> Rows:
    """Yield one row a scenario and side."""
    for name, scenario in report["scenarios"].items():
        for side in sides(report):
            one = scenario[side]
            counts = (f"{one[key]}" for key in ("errors", "refusals", "dropped"))
            times = (milliseconds(one[key]) for key in ("p50_ms", "p95_ms", "p99_ms"))
            cpu = f"{one['generator_cpu']:.0%}"
            yield (name, side, f"{one['offered_rate']:g}", f"{one['goodput']:g}", *counts, *times, cpu, one["origin"])


def verdicts(report: dict[str, Any]) -> Rows:
    """Yield one row a scenario and metric: who is better, by how much, and how sure that is."""
    for name, scenario in report["scenarios"].items():
        for metric, found in judged(scenario).items():
            one = verdict(found)
            yield (
                name,
                SHORT[metric],
                one.ratio,
                one.interval,
                one.change,
                one.spreads,
                one.said,
                one.few,
                found["origin"],
            )


def resources(report: dict[str, Any]) -> Rows:
    """Yield one row a side: what it may use."""
    for side, found in report.get("resources", {}).items():
        yield side, found["summary"], found["origin"]


def floors(report: dict[str, Any]) -> Rows:
    """Yield one row a side and floor."""
    for side, found in report["floors"].items():
        for name, words in FLOORS.items():
            yield side, words, milliseconds(found[name]["p50_ms"]), milliseconds(found[name]["p95_ms"]), found["origin"]


def freshness(report: dict[str, Any]) -> Rows:
    """Yield one row a kind and side; what both sides show later says so."""
    for kind, words in FRESHNESS.items():
        for side, lag in report["freshness"].get(kind, {}).items():
            times = (milliseconds(lag[key]) for key in ("p50_ms", "p95_ms", "max_ms"))
            both = ON_BOTH if kind in EVENTUAL_ON_BOTH else ""
            stale = "–" if kind in PUSHED else f"{lag['stale_first_reads']} of {lag['trials']}"
            never = f", {lag['never']} never" if lag["never"] else ""
            yield words + both, side, *times, stale + never, lag["origin"]


def only_eventual(report: dict[str, Any]) -> Rows:
    """Yield the rows of freshness of whatever is eventual: the monolith's only where it too shows the effect later."""
    yield from (row for row in freshness(report) if row[1] == "microservices" or row[0].endswith(ON_BOTH))


def live(report: dict[str, Any]) -> Rows:
    """Yield one row a side: the messages of the live feed, and how long after the answer to a write they came."""
    for side, found in report.get("live", {}).items():
        counts = (str(found[key]) for key in ("subscribers", "writes", "messages", "lost", "doubled"))
        times = (
            milliseconds(found[of][key]) for of in ("from_answer", "to_last_subscriber") for key in ("p50_ms", "p95_ms")
        )
        yield side, *counts, *times, found["origin"]


def effects(report: dict[str, Any]) -> Rows:
    """Yield one row a kind of effect that could be lost or come twice."""
    for kind, words in EFFECTS.items():
        if found := report.get("after_the_load", {}).get(kind):
            yield words, *(str(found.get(side, "–")) for side in sides(report)), found["origin"]


def milliseconds(value: float) -> str:
    """Return milliseconds with no more digits than they deserve."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def lost(report: dict[str, Any]) -> Iterator[str]:
    """Yield which workers of the generator were lost, when, and how many arrivals went with them."""
    for name, scenario in report["scenarios"].items():
        for side in sides(report):
            for one in scenario[side].get("lost_workers", ()):
                yield (
                    f"{name}, {side}: {one['name']} of the load generator was lost, last heard of {one['at_s']:g} s into the "
                    f"scenario, with {one['arrivals']} arrivals that count neither as offered nor as anything else"
                )
