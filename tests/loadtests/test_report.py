"""The report: its schema, and a page that needs nothing but itself."""

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest
from rich.console import Console

from loadtests import report
from loadtests.histograms import encode, histogram_of
from loadtests.load import LIVE, BlockResult, Live, Second
from loadtests.report import comparison
from loadtests.report.contents import contents
from loadtests.report.figures import figures, series
from loadtests.report.forms import html
from loadtests.report.tables import span
from loadtests.results import LAG_KINDS as KINDS
from loadtests.results import SIDES, Audit, Freshness, Lag, Parity, Results, SideBlock
from loadtests.run import alternating
from loadtests.statistics.verdicts import METRICS
from tests.bench import report_rows

LOCAL = "http://127.0.0.1:4566/_aws/execute-api/abc/$default"
SUMMARY = {
    "offered_rate", "goodput", "errors", "refusals", "dropped", "p50_ms", "p95_ms", "p99_ms", "generator_cpu", "origin",
}  # fmt: skip
METRIC = {*SIDES, "ratio", "low", "high", "p_value", "verdict", "origin"}


def block(side: str, cpu: float = 0.05) -> BlockResult:
    draw = Random(side)
    latencies = [draw.lognormvariate(1 if side == "monolith" else 2, 0.4) for _ in range(50)]
    histogram = encode(histogram_of(latencies))
    return BlockResult(
        offered=52, succeeded=50, refused=1, errors=1, cpu=cpu, latencies=histogram, by_operation={"GET /posts": histogram},
        seconds=[Second(at_s=0, offered=52, latencies=histogram)], reasons={"GET /posts: status <b>500</b>": 1},
    )  # fmt: skip


def live_block(side: str) -> BlockResult:
    live = Live(
        subscribers=20, writes=8, messages=100, lost=side == "microservices", doubled=2,
        from_answer=encode(histogram_of([10.0] * 100)), to_last=encode(histogram_of([30.0] * 8)),
    )  # fmt: skip
    return replace(block(side), live=live)


def make_results() -> Results:
    """Return a run of two scenarios on a monolith and on services behind a local AWS."""
    audit = Audit(lost_or_doubled_credits=30, wrong_orders=1)
    lags = {side: Freshness({kind: Lag([2.0, 30.0], 1, 0) for kind in KINDS}, 4, audit) for side in SIDES}
    return Results(
        urls={"monolith": "http://127.0.0.1:8000", "microservices": LOCAL},
        profile="quick",
        settings={"rates": {"browse": 25}, "block_s": 2.0, "blocks_a_side": 6, "data": {"posts": 40}},
        provenance={
            "commit": "abc",
            "machine": {"processor": "any", "cores": 2, "memory_gib": 8, "system": "Linux"},
            "versions": {"python": "3.11"},
        },
        parity=Parity(70, []),
        floors={side: {"empty": [block(side)], "key_read": [block(side)]} for side in SIDES},
        scenarios={
            name: [SideBlock(side, 2.0, block(side)) for side in alternating(6)] for name in ("browse", "publish")
        }
        | {LIVE: [SideBlock(side, 2.0, live_block(side)) for side in alternating(3)]},
        freshness=lags,
    )


@pytest.fixture
def results() -> Results:
    """A run that a test may change."""
    return make_results()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written report, which no test changes."""
    return report.write(make_results(), tmp_path_factory.mktemp("written") / "report")


def read(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return result


def test_report_json_has_the_schema(folder: Path) -> None:
    report = read(folder)
    assert report["schema"] == 5
    assert (report["sides"], report["complete"]) == (list(SIDES), True)
    assert {"commit", "machine", "versions", "profile", "parity", "floors", "scenarios", "freshness"} <= report.keys()
    assert report["parity"] == {"checks": 70, "failed": 0, "rechecked_alone": 0, "origin": "counted"}
    for scenario in report["scenarios"].values():
        assert scenario.keys() == {*SIDES, "metrics"}
        assert all(scenario[side].keys() >= SUMMARY for side in SIDES)
        assert (
            {"geometric_mean_ms", "goodput"} < scenario["metrics"].keys() <= set(METRICS) - {"p99_ms"}
        )  # 300 requests
        assert all(one.keys() == METRIC for one in scenario["metrics"].values())
        assert all(one["low"] <= one["ratio"] <= one["high"] for one in scenario["metrics"].values())


def test_every_group_of_figures_carries_its_origin(folder: Path) -> None:
    report, origins = read(folder), dict(zip(SIDES, ("measured", "emulated"), strict=True))
    for group in (report["scenarios"]["browse"], report["floors"], report["live"], *report["freshness"].values()):
        assert {side: group[side]["origin"] for side in SIDES} == origins
    assert report["scenarios"]["browse"]["metrics"]["p95_ms"]["origin"] == "emulated"


def test_the_first_screen_shows_a_row_of_results_for_each_scenario_and_no_ratio(folder: Path) -> None:
    table = comparison.results_table(read(folder))
    assert table.columns[2:] == (
        "monolith p50 ms, measured", "monolith above its floor ms, measured",
        "microservices p50 ms, emulated", "microservices above its floor ms, emulated", "lower p50 here",
    )  # fmt: skip
    assert [row[0] for row in table.rows] == ["browse", "publish", LIVE]
    page = (folder / "report.html").read_text()
    first_screen = page[page.index('id="answers"') : page.index("<nav")]
    assert "emulated" in first_screen
    assert "ratio" not in first_screen
    assert " times " not in first_screen


def test_operations_have_requests_and_percentiles_of_both_sides_with_their_origin(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "| scenario | operation | monolith requests | monolith p50 ms, measured |" in text
    assert "| browse | GET /posts | 300 | " in text


def test_successes_refusals_and_errors_are_counted_apart(folder: Path) -> None:
    summary = read(folder)["scenarios"]["browse"]["monolith"]
    assert (summary["goodput"], summary["refusals"], summary["errors"], summary["offered_rate"]) == (25, 6, 6, 26)


def test_lost_and_doubled_effects_are_counted_by_side(folder: Path) -> None:
    after = read(folder)["after_the_load"]
    assert {kind: (counts["monolith"], counts["microservices"]) for kind, counts in after.items()} == {
        "lost_or_doubled_votes": (4, 4), "lost_or_doubled_credits": (30, 30), "lost_or_doubled_boost_days": (0, 0),
        "wrong_orders": (1, 1), "unsettled_orders": (0, 0), "lost_live_messages": (0, 3), "doubled_live_messages": (6, 6),
    }  # fmt: skip
    for form in ("report.md", "report.html"):
        assert "wrong orders" in (folder / form).read_text()


def test_the_live_feed_has_lags_of_every_message_and_of_the_last_subscriber(folder: Path) -> None:
    live = read(folder)["live"]["microservices"]
    assert (live["messages"], live["lost"], live["doubled"], live["subscribers"]) == (300, 3, 6, 20)
    assert live["from_answer"]["p50_ms"] == pytest.approx(10, rel=0.01)
    assert live["to_last_subscriber"] == {"p50_ms": pytest.approx(30, rel=0.01), "p95_ms": None}


def test_a_few_trials_have_their_range_and_no_percentile(folder: Path) -> None:
    lag = read(folder)["freshness"]["post_to_search"]["microservices"]
    assert (lag["p50_ms"], lag["p95_ms"]) == (None, None)
    assert f"| {span((lag['min_ms'], lag['max_ms']))} |" in (folder / "report.md").read_text()


def test_a_kind_of_lag_without_trials_is_not_reported(results: Results, tmp_path: Path) -> None:
    for freshness in results.freshness.values():
        freshness.lags["vote_to_live"] = Lag()
    assert "vote_to_live" not in read(report.write(results, tmp_path / "untried"))["freshness"]


class Resources(HTMLParser):
    """Collect the addresses in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "href", "data", "srcset")
        self.addresses += [f"{tag} {value}" for name, value in attrs if name in names and value]


def test_the_page_loads_nothing(folder: Path) -> None:
    page, resources = (folder / "report.html").read_text(), Resources()
    resources.feed(page)
    own = ("a #", "a data:text/csv;")
    assert [address for address in resources.addresses if not address.startswith(own)] == []
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_chart_has_its_data_as_a_table_and_as_a_file(folder: Path) -> None:
    page, resources = (folder / "report.html").read_text(), Resources()
    resources.feed(page)
    files = [unquote(one.partition(",")[2]) for one in resources.addresses if "data:text/csv" in one]
    assert page.count("plotly.js v") == 1
    assert page.count('class="plot"') == 3 + 1  # one for each scenario, and freshness
    assert len(files) == page.count('class="plot"') == page.count("<details")
    assert files[0].splitlines()[0] == 'percentile,"monolith, ms","microservices, ms"'
    assert all(len(file.splitlines()) > 2 for file in files)


def test_text_from_a_system_is_escaped(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "status &lt;b&gt;500" in page
    assert "status <b>500" not in page


def test_the_summary_fits_a_terminal_of_80_columns(folder: Path) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    report.print_summary(folder, console)
    text = console.export_text().partition("report: ")[0]
    assert "microservices" in text
    assert "…" not in text
    assert not [line for line in text.splitlines() if line.strip() in ("s", "ices", "services")], "a side is wrapped"


def test_an_incomplete_run_says_so_on_its_first_screen(results: Results) -> None:
    cut = {**figures(results), "complete": False, "ended_by": "SIGINT"}
    assert "<b>Incomplete:</b> SIGINT" in html(contents(cut, series(results)))


@pytest.mark.deep
def test_the_report_of_five_million_requests_is_made_from_their_histograms() -> None:
    rows = list(report_rows.rows())
    assert all("5,0" in row.what for row in rows)
    size = next(row for row in rows if "its page" in row.what)
    assert size.reached
