"""The chapter of cold starts: INIT, first and warm invocations of each function."""

from loadtests.explain.breakdown import cold_starts as chapter
from loadtests.explain.traces import Root, Span
from loadtests.report import explain

FUNCTIONS = {name: {"package_bytes": 1_500_000} for name in ("posts-http", "votes-projection")}


def root(name: str, *, process: int, at: int, ms: float) -> Root:
    return [
        Span(
            id=f"{process}{at}", parent=None, links=[], kind="function", name=name, start_ns=at, ms=ms, lines=[], counts={},
            service="posts-http", process=process,
        )
    ]  # fmt: skip


def init(service: str, cpu_ms: float) -> Root:
    return [
        Span(
            id=service, parent=None, links=[], kind="cold start", name="INIT", start_ns=0, ms=90, lines=[],
            counts={"cpu_ms": cpu_ms}, service=service, process=1,
        )
    ]  # fmt: skip


ROOTS = [
    init("posts-http", 300.0),
    init("votes-projection", 200.0),
    root("GET /posts", process=1, at=3, ms=11),
    root("GET /posts", process=1, at=1, ms=50),
    root("POST /posts", process=1, at=2, ms=9),
    root("GET /posts", process=2, at=4, ms=60),
]


def test_the_first_invocation_of_each_process_is_compared_with_the_same_route() -> None:
    assert chapter(FUNCTIONS, ROOTS)["functions"]["posts-http"] == {
        "init_cpu_ms": 300.0, "first_ms": 55.0, "first_ms_range": [50.0, 60.0], "warm_ms": 11.0, "warm_ms_range": [11.0, 11.0],
        "package_mb": 1.5,
    }  # fmt: skip


def test_the_chapter_has_one_table_with_a_row_for_each_function() -> None:
    shown = explain.cold_starts(chapter(FUNCTIONS, ROOTS))
    assert [tuple(row) for row in shown.tables[0].rows] == [
        ("posts-http", "300", "55.0 (50.0–60.0)", "11.0 (11.0)", "1.50", "emulated"),
        ("votes-projection", "200", "–", "–", "1.50", "emulated"),
    ]
    assert shown.findings[0].text == "A cold function needs 355 ms until its first answer, a warm one 11.0 ms."
