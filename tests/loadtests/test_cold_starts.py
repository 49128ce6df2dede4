"""`coldstarts`: INIT, first and warm invocations of each function, and the chapter of the report."""

from pathlib import Path

import pytest
from rich.console import Console

from loadtests.coldstarts import ColdStartResults, Function, measure
from loadtests.explain.traces import Span
from loadtests.progress import ProgressDisplay
from loadtests.report import cold_starts
from microservices.deploy.packages import handlers


def root(service: str, name: str, *, process: int, at: int, ms: float, kind: str = "function") -> list[Span]:
    return [
        Span(
            id=f"{process}{at}", parent=None, links=[], kind=kind, name=name, start_ns=at, ms=ms, lines=[],
            counts={"cpu_ms": 300.0}, service=service, process=process,
        )
    ]  # fmt: skip


def test_the_first_invocation_of_each_process_is_compared_with_the_same_route() -> None:
    results = ColdStartResults(rounds=1)
    results.add(
        [
            root("posts-http", "INIT", process=1, at=0, ms=90, kind="cold start"),
            root("posts-http", "GET /posts", process=1, at=3, ms=4),
            root("posts-http", "GET /posts", process=1, at=1, ms=50),
            root("posts-http", "POST /posts", process=1, at=2, ms=9),
            root("posts-http", "GET /posts", process=2, at=4, ms=60),
        ]
    )
    assert results.functions == {"posts-http": Function(init_cpu_ms=[300.0], first_ms=[50, 60], warm_ms=[4])}


def measured() -> ColdStartResults:
    results = ColdStartResults(rounds=2, package_mb={"posts-http": 1.5, "votes-projection": 1.5})
    results.functions["posts-http"] = Function([300.0, 300.0], [50.0], [10.0, 11.0, 12.0])
    results.functions["votes-projection"] = Function([200.0])
    return results


def test_the_chapter_has_one_table_with_a_row_for_each_function() -> None:
    chapter = cold_starts.chapter(measured().figures())
    assert [tuple(row) for row in chapter.tables[0].rows] == [
        ("posts-http", "300 (300)", "50.0 (50.0)", "11.0 (10.0–12.0)", "1.50", "emulated"),
        ("votes-projection", "200 (200)", "–", "–", "1.50", "emulated"),
    ]
    assert chapter.findings[0].text == "A cold function needs 350 ms until its first answer, a warm one 11.0 ms."


def test_a_run_that_ended_in_its_first_round_has_no_chapter() -> None:
    assert ColdStartResults(rounds=2).figures() == {}


@pytest.mark.live
@pytest.mark.deep
def test_a_round_reaches_every_function(tmp_path: Path) -> None:
    results = ColdStartResults(rounds=1)
    with (tmp_path / "console").open("w") as console:
        measure(tmp_path / "run", results, ProgressDisplay(Console(file=console)))
    rows = results.figures()["functions"]
    assert rows.keys() == handlers().keys()
    assert [name for name, row in rows.items() if not row["first_ms"]] == []
    assert all(row["init_cpu_ms"] > 20 and row["package_mb"] > 0 for row in rows.values())
