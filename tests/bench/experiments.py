"""A/A experiments: `python -m tests.bench.experiments`.

Compare the monolith with itself, which must be within noise, and with itself made a quarter slower, which must be found. A run
takes two minutes and is saved at once. A saved run of this commit is not repeated, so an interrupted experiment continues.
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

from loadtests import aa, processes, provenance, systems
from loadtests.load import BlockResult
from loadtests.report import readme
from loadtests.results import SideBlock
from loadtests.run import run_and_report
from loadtests.settings import whole
from loadtests.statistics import verdicts
from tests.loadtests import planted_monolith

SLOWER = planted_monolith.system("slower")


def main() -> int:
    """Make the runs and write their summary, into docs/method.md too if it is the reference. Return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.experiments")
    parser.add_argument("--alike", type=whole(0, 1_000), default=20, help="runs of the monolith against itself (20)")
    parser.add_argument("--planted", type=whole(0, 1_000), default=10, help="runs against a slower monolith (10)")
    parser.add_argument(
        "--into", type=Path, default=readme.SELF_COMPARISONS, help="file of the summary (docs/reference/aa.json)"
    )
    parser.add_argument("--runs", type=Path, help="folder of saved runs (.run/experiments/<commit>)")
    options = parser.parse_args()
    processes.raise_interrupts()
    commit = provenance.commit()
    if commit.endswith("changed") and not options.runs:
        parser.error("commit first: saved runs belong to a commit")
    runs = options.runs or Path(".run/experiments") / commit
    reports: dict[str, list[Any]] = {"alike": [], "planted": []}
    for kind, times in (("alike", options.alike), ("planted", options.planted)):
        for number in range(times):
            reports[kind].append(_report(kind, runs / f"{kind}-{number:02}"))
            print(f"{kind}: {', '.join(map(_verdict, reports[kind]))}", flush=True)
    summaries = {kind: aa.summary(made, side="monolith") for kind, made in reports.items() if made}
    options.into.write_text(json.dumps(summaries, indent=1) + "\n")
    if options.into == readme.SELF_COMPARISONS:
        readme.write_self_comparisons()
    return 0 if all(map(readme.promise_kept, summaries, summaries.values())) else 1


def _report(kind: str, folder: Path) -> Any:
    """Return the report of a saved run, or make and save it."""
    if not folder.exists():
        with tempfile.TemporaryDirectory() as temporary, _second_side(kind, Path(temporary)) as deployed:
            written = Path(temporary) / "report"
            run_and_report(aa.settings("monolith", "quick", deployed), written, Console())
            shutil.copytree(written, folder)
    return _judge(folder)


def _judge(folder: Path) -> Any:
    """Return a saved report with verdicts by the current rule, so that a change of the rule needs no new runs."""
    report, series = (json.loads((folder / f"{name}.json").read_text()) for name in ("report", "series"))
    if report["voids"]:
        return report
    for name, sides in series["scenarios"].items():
        blocks = {side: list(map(_block, one["blocks"])) for side, one in sides.items()}
        report["scenarios"][name]["metrics"] = verdicts.judge_scenario(
            name, blocks, seconds=report["settings"]["block_s"], scenarios=len(series["scenarios"])
        )
    return report


def _block(saved: dict[str, Any]) -> SideBlock:
    return SideBlock("", 0, 0.0, BlockResult(succeeded=saved["succeeded"], latencies=saved["latencies"]))


@contextmanager
def _second_side(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run a slower monolith for a planted run, and yield its URL."""
    with systems.running(folder, [SLOWER] if kind == "planted" else []) as urls:
        yield {"second": urls[SLOWER.name]} if urls else {}


def _verdict(report: Any) -> str:
    return "void" if report["voids"] else "within noise" if aa.within_noise(report) else " and ".join(aa.better(report))


if __name__ == "__main__":
    sys.exit(main())
