"""What the time of each journey is made of, as a chapter of the report."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from loadtests.blocks import SIDES
from loadtests.explain.parts import PARTS
from loadtests.report.parts import Chapter, Chart, Section, Sentence, Table, table
from loadtests.report.tables import milliseconds
from loadtests.report.waterfall import afterwards, waterfalls

Figures = dict[str, Any]
Calls = list[dict[str, Any]]

PARTS_HEAD = ("journey", "part", *(f"{side}, ms" for side in SIDES), "difference, ms", "of the difference")
COUNTS_HEAD = (
    "journey", "side", "calls", "functions", "store calls", "units", "rows", "store kB", "JSON made or read", "JSON kB",
    "afterwards: functions", "store calls", "over after, ms", "origin",
)  # fmt: skip
COLD_HEAD = ("function", "loaded in, ms", "woken by", "a request waited", "origin")
WORDS = (
    "Each journey was walked once on each side, warm and with nothing else to do. A span's own time is its time less what is "
    "below it; what no hook sees, before, between and after the spans of a call, is a part of its own. So the parts of an answer "
    "add up to the time that the client measured. What an answer leaves to be done afterwards takes nobody's time and stands "
    "apart. Hooks cost some time themselves: compare parts, not with other chapters. The gateway remembers for 60 s who calls, so "
    "a warm call asks no authorizer."
)


def part_totals(calls: Calls) -> Counter[str]:
    """Return the milliseconds of each part of all the calls."""
    found: Counter[str] = Counter()
    for call in calls:
        found.update(call["parts"])
    return found


def _answer(found: Figures) -> list[Sentence]:
    totals = {side: sum(_took(sides[side]) for sides in found["journeys"].values()) for side in SIDES}
    own, other = (totals[side] for side in SIDES)
    origin = found["origin"]
    return [
        Sentence(
            f"Alone and warm, {_number(len(found['journeys']), 'journey')} took {milliseconds(own)} ms on the monolith and "
            f"{milliseconds(other)} ms on the microservices, {other / own:.1f} times as long.",
            origin,
        ),
        Sentence(f"Of the difference, {_made_of(found)}.", origin),
        Sentence(_left(found), origin),
    ]


def _made_of(found: Figures) -> str:
    parts = {side: sum((part_totals(sides[side]) for sides in found["journeys"].values()), Counter()) for side in SIDES}
    differences = {name: parts[SIDES[1]][name] - parts[SIDES[0]][name] for name in PARTS}
    whole = sum(differences.values()) or 1
    largest = sorted(differences.items(), key=lambda one: -abs(one[1]))[:3]
    return ", ".join(f"{ms / whole:.0%} is {PARTS[name]}".replace("%", " %") for name, ms in largest)


def _left(found: Figures) -> str:
    left = {
        side: [call["afterwards"] for sides in found["journeys"].values() for call in sides[side]] for side in SIDES
    }
    words = []
    for side, tails in left.items():
        works = [tail for tail in tails if tail["spans"]]
        calls = int(sum(tail["counts"]["store_calls"] for tail in works))
        last = max((tail["ms"] for tail in works), default=0.0)
        words.append(
            f"on the {side} {len(works)} of {len(tails)} answers left {_number(calls, 'store call')} for afterwards, "
            f"over within {milliseconds(last)} ms"
        )
    return f"{'; '.join(words)[0].upper()}{'; '.join(words)[1:]}."


def _section(found: Figures) -> Section:
    cold = [table(COLD_HEAD, _cold(found))] if found["cold_starts"] else []
    return Section(
        name="explain",
        title="Why: what the time is made of",
        words=WORDS,
        tables=[_parts(found), table(COUNTS_HEAD, _counts(found)), *cold],
    )


def _charts(found: Figures) -> Iterator[Chart]:
    """Yield the two sides of each journey beside each other, and below all of them what came afterwards."""
    for drawn in (waterfalls, afterwards):
        for name, sides in found["journeys"].items():
            yield from drawn(name, sides)


def _parts(found: Figures) -> Table:
    rows = [row for name, sides in found["journeys"].items() for row in _parts_of(name, sides)]
    return table(PARTS_HEAD, rows)


def _parts_of(name: str, sides: dict[str, Calls]) -> Iterator[tuple[str, ...]]:
    own, other = (part_totals(sides[side]) for side in SIDES)
    whole = sum(other.values()) - sum(own.values())
    took = [_took(sides[side]) for side in SIDES]
    yield name, f"all, {took[1] / took[0]:.1f} times as long", *map(milliseconds, took), f"{took[1] - took[0]:+.1f}", ""
    for part, words in PARTS.items():
        if part in own or part in other:
            change = other[part] - own[part]
            share = f"{change / whole:.0%}".replace("%", " %") if whole else "–"
            yield "", words, milliseconds(own[part]), milliseconds(other[part]), f"{change:+.1f}", share


def _counts(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, sides in found["journeys"].items():
        for side in SIDES:
            now, later = (_sum(each) for each in (
                (call["counts"] for call in sides[side]), (call["afterwards"]["counts"] for call in sides[side])
            ))  # fmt: skip
            over = max((call["afterwards"]["ms"] for call in sides[side]), default=0.0)
            yield (
                name, side, str(len(sides[side])), f"{now['functions']:g}", f"{now['store_calls']:g}", f"{now['units']:g}",
                f"{now['rows']:g}", f"{now['store_bytes'] / 1000:.1f}", f"{now['serialisations']:g}",
                f"{now['json_bytes'] / 1000:.1f}", f"{later['functions']:g}", f"{later['store_calls']:g}", milliseconds(over),
                found["origins"][side],
            )  # fmt: skip


def _sum(counts: Iterable[dict[str, float]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in counts:
        found.update(each)
    return found


def _cold(found: Figures) -> Iterator[tuple[str, ...]]:
    for one in found["cold_starts"]:
        waited = "yes" if one["waited_for"] else "no"
        yield one["function"], milliseconds(one["ms"]), one["woken_by"], waited, found["origins"]["microservices"]


def _took(calls: Calls) -> float:
    return float(sum(call["ms"] for call in calls))


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


CHAPTER = Chapter(
    name="explain",
    question="What is the time of each journey made of, on either side?",
    answer=_answer,
    section=_section,
    charts=_charts,
)
