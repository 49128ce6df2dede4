"""What a function's first call takes, as a chapter of the report: cold beside warm, what is imported, what memory would change."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from loadtests.report.cold_start_charts import MONOLITH, cold_start_charts
from loadtests.report.parts import Chapter, Section, Sentence, Table, table
from loadtests.report.tables import milliseconds

COLD_HEAD = ("function", "cold ms", "lowest – highest", "warm ms", "cold GB-s", "warm GB-s", "origin")
PACKAGE_HEAD = ("function", "woken by", "peak MB", "files", "kB", "zip kB", "libraries", "origin")
LIBRARY_HEAD = ("library", "version", "in packages of", "origin")
MEMORY_HEAD = ("function", "deployed MB", "cheapest MB", "warm ms", "warm GB-s", "origin")
WORDS = (
    "Each function is started anew for each trial, in turns, and then called again while it is warm. Times are taken within the "
    "function's process, with a whole processor of this machine: what a gateway and the fetching of a zip take is not in them. "
    "GB-seconds are what such times are billed for at the memory as deployed, INIT included, as on AWS since August 2025."
)
CITED = (
    "Cited: at 1,769 MB a function has one whole processor, and in proportion below "
    "(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."
)
HELD = (
    "The local AWS gives as much processor time as there is, whatever the memory. So for the sizes below, calls were held to "
    "their share here, in periods of 20 ms. INIT was not: AWS is widely seen to give it more than the share, and promises "
    "nothing. Above, time stays as it is, for Python computes on one processor."
)
MODELLED = (
    "Modelled: processor time over the share, with the waiting beside it as it was; to be held against what was timed."
)
Figures = dict[str, Any]
Rows = Iterator[tuple[str, ...]]


def _answer(found: Figures) -> list[Sentence]:
    return [sentence for made in (_cold, _of_the_monolith, _memory) for sentence in made(found)]


def _cold(found: Figures) -> Iterator[Sentence]:
    if not (functions := found["functions"]):
        return
    cold = [one["cold"]["total_ms"]["median"] for one in functions.values()]
    warm = [one["warm"]["call_ms"]["median"] for one in functions.values()]
    imported = median(
        sum(one["cold"]["imports_ms"].values()) / total for one, total in zip(functions.values(), cold, strict=True)
    )
    dearer = median(one["cold"]["gb_s"] / one["warm"]["gb_s"] for one in functions.values())
    yield Sentence(
        f"Started cold, a function is done with its first call after {_span(cold)} ms, where a warm one takes {_span(warm)} ms; "
        f"{imported:.0%} of it is importing, and it is billed for {dearer:.0f} times as much (medians).".replace("%", " %"),
        "emulated",
    )  # fmt: skip


def _of_the_monolith(found: Figures) -> Iterator[Sentence]:
    if one := found["monolith"]:
        first, later = one["cold"]["total_ms"]["median"], one["warm"]["waited_ms"]["median"]
        yield Sentence(
            f"The monolith first answers {milliseconds(first)} ms after its process starts, and then after "
            f"{milliseconds(later)} ms: once for all its functions, at a deployment, not whenever somebody comes first.",
            one["origin"],
        )


def _memory(found: Figures) -> Iterator[Sentence]:
    by_size: dict[int, list[str]] = {}
    for name, one in found["functions"].items():
        if one["cheapest_mb"]:
            by_size.setdefault(one["cheapest_mb"], []).append(name)
    if by_size:
        said = [f"{size:,} MB for {_named(by_size[size])}" for size in sorted(by_size)]
        yield Sentence(
            f"The cheapest memory that is at most 10 % slower than the best is {'; '.join(said)}.", "emulated"
        )


def _section(found: Figures) -> Section:
    return Section(
        name="cold-starts",
        title="Cold starts",
        words=WORDS,
        tables=list(_tables(found)),
        remarks=list(_remarks(found)),
    )


def _tables(found: Figures) -> Iterator[Table]:
    yield table(COLD_HEAD, _colds(found))
    if found["functions"]:
        if rows := list(_cheapest(found)):
            yield table(MEMORY_HEAD, rows)
        yield table(PACKAGE_HEAD, _packages(found))
        yield table(LIBRARY_HEAD, _libraries(found))


def _colds(found: Figures) -> Rows:
    for name, one in found["functions"].items():
        billed = (f"{one[call]['gb_s']:.3g}" for call in ("cold", "warm"))
        yield name, *_times(one["cold"]["total_ms"], one["warm"]["call_ms"]), *billed, found["origin"]
    if one := found["monolith"]:
        yield MONOLITH, *_times(one["cold"]["total_ms"], one["warm"]["waited_ms"]), "–", "–", one["origin"]


def _times(cold: dict[str, float], warm: dict[str, float]) -> tuple[str, str, str]:
    span = f"{milliseconds(cold['low'])} – {milliseconds(cold['high'])}"
    return milliseconds(cold["median"]), span, milliseconds(warm["median"])


def _cheapest(found: Figures) -> Rows:
    for name, one in found["functions"].items():
        rows = {row["memory_mb"]: row for row in one["sweep"] if "warm_ms" in row}
        if there := rows.get(one["cheapest_mb"]):
            own = rows.get(one["memory_mb"], there)
            changed = (f"{own[key]:.3g} → {there[key]:.3g}" for key in ("warm_ms", "warm_gb_s"))
            yield name, str(one["memory_mb"]), str(one["cheapest_mb"]), *changed, found["origin"]


def _packages(found: Figures) -> Rows:
    for name, one in found["functions"].items():
        package = one["package"]
        kilobytes = (f"{package[which] / 1000:,.0f}" for which in ("bytes", "zip_bytes"))
        counts = (f"{one['peak_mb']:.0f}", str(package["files"]), *kilobytes, str(len(package["libraries"])))
        yield name, one["woken_by"], *counts, package["origin"]


def _libraries(found: Figures) -> Rows:
    holders: dict[tuple[str, str], list[str]] = {}
    for name, one in found["functions"].items():
        for library in one["package"]["libraries"].items():
            holders.setdefault(library, []).append(name)
    for (library, version), names in sorted(holders.items()):
        yield library, version, _named(names, of=len(found["functions"])), "measured"


def _remarks(found: Figures) -> Iterator[str]:
    swept = [row for one in found["functions"].values() for row in one["sweep"]]
    if swept:
        yield CITED
        yield HELD
        yield MODELLED
    if small := sorted({row["memory_mb"] for row in swept if not row["fits"]}):
        yield f"Less than the most memory that some function held: {', '.join(f'{size} MB' for size in small)}."


def _span(values: list[float]) -> str:
    low, high = milliseconds(min(values)), milliseconds(max(values))
    return low if low == high else f"{low} to {high}"


def _named(names: list[str], *, of: int = 0) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return "all functions" if len(names) == of else f"{len(names)} functions"


CHAPTER = Chapter(
    name="cold_starts",
    question="What does the first call of a function cost, beside the next ones?",
    answer=_answer,
    section=_section,
    charts=cold_start_charts,
)
