"""Results of comparisons, made from random latencies without a running system."""

import json
from pathlib import Path
from random import Random

from loadtests import report
from loadtests.histograms import encode, histogram_of
from loadtests.load import LIVE, BlockResult, Live, Second
from loadtests.report.figures import figures, series
from loadtests.results import LAG_KINDS as KINDS
from loadtests.results import SIDES, Audit, Freshness, Lag, Parity, Results, SideBlock
from loadtests.run import alternating

LOCAL = "http://127.0.0.1:4566/_aws/execute-api/abc/$default"
MACHINE = {"processor": "any", "cores": 2, "memory_gib": 8, "system": "Linux"}
TYPICAL_MS = {"monolith": 5.0, "microservices": 20.0}
PAIRS = 12


def made_run(
    seed: str, *, slower: dict[str, float] | None = None, requests: int = 60, scenarios: tuple[str, ...] = ("browse",)
) -> Results:
    """Return a run of these scenarios and of the live feed. slower: a factor on the latencies of a side."""
    factor = {**dict.fromkeys(SIDES, 1.0), **(slower or {})}
    rng = Random(seed)

    def block(side: str) -> BlockResult:
        return a_block(rng, TYPICAL_MS[side] * factor[side], requests)

    order = list(alternating(PAIRS))
    played = {name: [SideBlock(side, 2.5 * at, block(side)) for at, side in enumerate(order)] for name in scenarios}
    live = [SideBlock(side, 2.5 * at, _live_block(block(side))) for at, side in enumerate(order)]
    return Results(
        urls={"monolith": "http://127.0.0.1:8000", "microservices": LOCAL},
        profile="standard",
        settings={
            "rates": {**dict.fromkeys(scenarios, 30.0), LIVE: 4.0}, "block_s": 2.0, "warm_up_s": 0.5,
            "blocks_a_side": PAIRS, "subscribers": 20, "data": {"accounts": 10, "posts": 80, "votes": 200},
        },
        provenance={"commit": f"commit-{seed}", "machine": dict(MACHINE), "versions": {"python": "3.11"}},
        parity=Parity(70, []),
        floors={side: {name: [block(side) for _ in range(4)] for name in ("empty", "key_read")} for side in SIDES},
        scenarios=played | {LIVE: live},
        freshness={
            side: Freshness({kind: Lag(_latencies(rng, 80 * factor[side], 5), stale, 0) for kind in KINDS}, 0, Audit())
            for side, stale in zip(SIDES, (0, 3), strict=True)
        },
    )  # fmt: skip


def a_block(rng: Random, typical_ms: float, requests: int) -> BlockResult:
    """Return a block of successful responses around this median, which varies by 3 % from block to block."""
    latencies = _latencies(rng, typical_ms * rng.lognormvariate(0, 0.03), requests)
    histogram = encode(histogram_of(latencies))
    return BlockResult(
        arrivals=requests, offered=requests, succeeded=requests, cpu=0.05, latencies=histogram,
        by_operation={"GET /posts": histogram},
        seconds=[
            Second(at_s=at, offered=(at + 1) * requests // 3, latencies=encode(histogram_of(latencies[at::2])))
            for at in range(2)
        ],
    )  # fmt: skip


def write_report(results: Results, folder: Path) -> Path:
    """Write the report of a run into a new folder and return it."""
    return report.write(results, folder)


def write_figures(results: Results, folder: Path) -> Path:
    """Write the figures of a run into a new folder, without the page, which takes most of the time. Return the folder."""
    folder.mkdir(parents=True)
    for name, content in (("report", figures(results)), ("series", series(results))):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def _live_block(block: BlockResult) -> BlockResult:
    block.live = Live(
        subscribers=20, writes=8, messages=100, lost=0, doubled=0, from_answer=block.latencies, to_last=block.latencies
    )  # fmt: skip
    return block


def _latencies(rng: Random, typical_ms: float, count: int) -> list[float]:
    return [typical_ms * rng.lognormvariate(0, 0.3) for _ in range(count)]
