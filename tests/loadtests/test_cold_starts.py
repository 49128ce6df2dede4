"""`coldstarts`: the parts of an import, first and warm invocations, and the chapter of the report."""

from pathlib import Path

import pytest
from rich.console import Console

from loadtests.coldstarts import (
    ColdStartResults,
    Imports,
    Invocations,
    add_invocations,
    import_handler,
    measure,
)
from loadtests.explain.traces import Span
from loadtests.progress import ProgressDisplay
from loadtests.report import cold_starts
from microservices.deploy.packages import handlers


def invocation(service: str, name: str, *, process: int, at: int, ms: float) -> list[Span]:
    return [
        Span(
            id=f"{process}{at}", parent=None, links=[], kind="function", name=name, start_ns=at, ms=ms, lines=[], counts={},
            service=service, process=process,
        )
    ]  # fmt: skip


def test_a_handler_is_imported_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "handler.py").write_text(
        "import boto3, os, time\nassert os.environ['TABLE'] == 't'\nclient = boto3.client('dynamodb')\ntime.sleep(0.05)\n"
    )
    imports = import_handler("own.handler", tmp_path, {"TABLE": "t"})
    assert imports.client_ms > 1
    assert imports.import_ms > 50


def test_the_first_invocation_of_each_process_is_compared_with_the_same_route() -> None:
    invocations = {"posts-http": Invocations()}
    roots = [
        invocation("posts-http", "GET /posts", process=1, at=3, ms=4),
        invocation("posts-http", "GET /posts", process=1, at=1, ms=50),
        invocation("posts-http", "POST /posts", process=1, at=2, ms=9),
        invocation("posts-http", "GET /posts", process=2, at=4, ms=60),
    ]
    add_invocations(roots, invocations)
    assert invocations["posts-http"] == Invocations(first_ms=[50, 60], warm_ms=[4])


def measured() -> ColdStartResults:
    results = ColdStartResults(rounds=2)
    for name in ("posts-http", "votes-projection", "monolith"):
        results.imports[name] = [Imports(200.0, 100.0)] * 2
        results.invocations[name] = Invocations([50.0], [10.0, 11.0, 12.0])
        results.package_mb[name] = 1.5
    del results.package_mb["monolith"]
    results.invocations["votes-projection"] = Invocations()
    return results


def test_the_chapter_has_one_table_with_a_row_for_each_function() -> None:
    chapter = cold_starts.chapter(measured().figures())
    assert [tuple(row) for row in chapter.tables[0].rows] == [
        ("posts-http", "200", "100", "50.0", "11.0", "1.50", "emulated"),
        ("votes-projection", "200", "100", "–", "–", "1.50", "emulated"),
        ("monolith", "200", "100", "50.0", "11.0", "–", "measured"),
    ]
    assert chapter.findings[0].text.startswith(
        "A cold function needs 350 ms until its first answer, a warm one 11.0 ms; 57 %"
    )


def test_a_run_that_ended_in_its_first_round_has_a_row_without_times() -> None:
    results = ColdStartResults(rounds=2)
    results.imports["monolith"].append(Imports(300.0, 0.0))
    chapter = cold_starts.chapter({**results.figures(), "complete": False, "ended_by": "ended by SIGINT"})
    assert [tuple(row)[:4] for row in chapter.tables[0].rows] == [("monolith", "300", "0.0", "–")]


@pytest.mark.parametrize("functions", [0, 3])
def test_a_chapter_of_an_interrupted_run_shows_the_rounds_so_far(functions: int) -> None:
    results = measured() if functions else ColdStartResults(rounds=2)
    chapter = cold_starts.chapter({**results.figures(), "complete": False, "ended_by": "ended by SIGINT"})
    assert len(chapter.tables[0].rows) == functions


@pytest.mark.live
@pytest.mark.deep
def test_a_round_reaches_every_function(tmp_path: Path) -> None:
    results = ColdStartResults(rounds=1)
    with (tmp_path / "console").open("w") as console:
        measure(tmp_path / "run", results, ProgressDisplay(Console(file=console)))
    rows = results.figures()["functions"]
    assert rows.keys() == handlers().keys()
    assert [name for name, row in rows.items() if not row["first_ms"]] == ["live-connections"]  # see coldstarts.py
    assert all(row["import_ms"] > 20 and row["package_mb"] > 0 for row in rows.values())
