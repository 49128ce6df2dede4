"""What the comparison itself is worth: `python -m tests.bench.experiments`. Compares the monolith with itself, which must be
within noise, and with itself made a quarter slower, which must be found. Takes two minutes a run; every run is kept at once, and
one that was made of this commit is not made again, so that what was interrupted goes on.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests import aa, interrupts, provenance, running, systems
from loadtests.blocks import SideBlock
from loadtests.load import BlockResult
from loadtests.report import readme
from loadtests.statistics import verdicts
from tests.loadtests import planted_monolith

SLOWER = planted_monolith.system("slower")


def main() -> int:
    """Make the runs, write what they come to, and put that into docs/method.md where it is the reference; 1 if it is too little."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.experiments")
    parser.add_argument("--alike", type=int, default=20, help="runs of the monolith against itself (20)")
    parser.add_argument("--planted", type=int, default=10, help="runs against itself made slower (10)")
    parser.add_argument(
        "--into", type=Path, default=readme.SELF_COMPARISONS, help="where the figures go (docs/reference/aa.json)"
    )
    parser.add_argument(
        "--runs", type=Path, help="where the runs are kept, made or to be made (.run/experiments/<commit>)"
    )
    asked = parser.parse_args()
    interrupts.raised()
    commit = provenance.commit()
    if commit.endswith("changed") and not asked.runs:
        parser.error("commit first: what was interrupted goes on by its commit")
    runs = asked.runs or Path(".run/experiments") / commit
    found: dict[str, list[Any]] = {"alike": [], "planted": []}
    for kind, times in (("alike", asked.alike), ("planted", asked.planted)):
        for number in range(times):
            found[kind].append(_made(kind, runs / f"{kind}-{number:02}"))
            print(f"{kind}: {', '.join(map(_in_words, found[kind]))}", flush=True)
    kept = _keep(found, asked.into)
    if asked.into == readme.SELF_COMPARISONS:
        readme.write_self_comparisons()
    return 0 if all(map(readme.promise_kept, kept, kept.values())) else 1


def _made(kind: str, folder: Path) -> Any:
    """Return the report of a run, made now unless it is there."""
    if not folder.exists():
        with tempfile.TemporaryDirectory() as made, _other(kind, Path(made)) as known:
            running.made(aa.request("monolith", "quick", known), Path(made) / "report", Console())
            shutil.copytree(Path(made) / "report", folder)
    return _judged(folder)


def _judged(folder: Path) -> Any:
    """Return the report of a run, its blocks judged by the rule that stands: a change of the rule needs no new runs."""
    report, series = (json.loads((folder / f"{name}.json").read_text()) for name in ("report", "series"))
    if report["voids"]:
        return report
    for name, sides in series["scenarios"].items():
        blocks = {side: list(map(_block, found["blocks"])) for side, found in sides.items()}
        report["scenarios"][name]["metrics"] = verdicts.judge_scenario(
            name, blocks, seconds=report["settings"]["block_s"], scenarios=len(series["scenarios"])
        )
    return report


def _block(kept: dict[str, Any]) -> SideBlock:
    return SideBlock("", 0, 0.0, BlockResult(succeeded=kept["succeeded"], latencies=kept["latencies"]))


@contextmanager
def _other(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """Keep a slower monolith with data of its own, where the run is to find one; gives its URL."""
    with systems.running(folder, [SLOWER] if kind == "planted" else []) as urls:
        yield {"second": urls[SLOWER.name]} if urls else {}


def _keep(found: dict[str, list[Any]], file: Path) -> dict[str, Any]:
    kept = {kind: aa.summary(reports, side="monolith") for kind, reports in found.items() if reports}
    file.write_text(json.dumps(kept, indent=1) + "\n")
    return kept


def _in_words(report: Any) -> str:
    return "void" if report["voids"] else "within noise" if aa.within_noise(report) else " and ".join(aa.better(report))


if __name__ == "__main__":
    sys.exit(main())
