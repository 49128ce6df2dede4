"""The report of a long run: the time to write it, and the size of its page."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter

from loadtests import provenance, report
from loadtests.histograms import TICKS_PER_MS, empty_histogram, encode
from loadtests.load import LIVE, BlockResult, Second
from loadtests.results import LAG_KINDS as KINDS
from loadtests.results import SIDES, Freshness, Lag, Parity, Results, SideBlock
from loadtests.run import alternating
from loadtests.settings import PROFILES
from tests.bench.rows import Row

RECORDED = 5_000_000
WITHIN_S = 10
AT_MOST_MB = 6
VALUES = 400  # different latencies of a block: more than in a real run
PAIRS = 12  # as in `full`


def rows() -> Iterator[Row]:
    """Yield the rows of time and size."""
    results, recorded = _run(Random("report"))
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        page = report.write(results, Path(folder) / "report") / "report.html"
        took, size = perf_counter() - began, page.stat().st_size / 1e6
    what = f"report of {recorded:,} requests"
    yield Row(
        what=f"{what}: time to write it", against="–", shown=f"{took:.1f} s", value=took, reach=WITHIN_S, unit=" s"
    )
    yield Row(
        what=f"{what}: size of its page", against="–", shown=f"{size:.1f} MB", value=size, reach=AT_MOST_MB, unit=" MB"
    )


def _run(draw: Random) -> tuple[Results, int]:
    """Return a run with at least this number of requests, and their number."""
    profile = PROFILES["full"]
    scenarios = [name for name in profile.rates if name != LIVE]
    each = 1 + RECORDED // (len(scenarios) * len(SIDES) * PAIRS * VALUES)
    played = {
        name: [
            SideBlock(side, float(at), _block(draw, each))
            for at, side in enumerate(alternating(PAIRS))
        ]
        for name in scenarios
    }  # fmt: skip
    results = Results(
        urls=dict.fromkeys(SIDES, "http://127.0.0.1:1"),
        profile=profile.name,
        settings={"rates": profile.rates, "block_s": profile.block_s, "blocks_a_side": PAIRS},
        provenance=provenance.collect(),
        parity=Parity(0, []),
        scenarios=played,
        freshness={side: Freshness({kind: Lag([draw.uniform(1, 300) for _ in range(30)]) for kind in KINDS}) for side in SIDES},
    )  # fmt: skip
    return results, sum(one.block.offered for blocks in played.values() for one in blocks)


def _block(draw: Random, each: int) -> BlockResult:
    histogram = empty_histogram()
    for _ in range(VALUES):
        histogram.record_value(round(draw.lognormvariate(2, 0.6) * TICKS_PER_MS) + 1, each)
    count, latencies = each * VALUES, encode(histogram)
    return BlockResult(
        offered=count, succeeded=count, latencies=latencies, by_operation={"GET /posts": latencies},
        seconds=[Second(at_s=at, offered=count // 10, latencies=latencies) for at in range(10)],
    )  # fmt: skip
