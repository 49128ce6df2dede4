"""The report in a real browser: drawn, self-contained, usable by keyboard, in light and dark, on phone and paper."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadtests.forecast.chapters import chapters
from tests.browser.open_page import OpenPage, serious
from tests.loadtests.made_runs import made_run, write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"projector": (1920, 1080), "laptop": (1280, 800), "phone": (390, 844)}
METERING = Path(__file__).parents[1] / "loadtests" / "forecast" / "metering.json"
SHEET_PX = 680  # of A4 between its margins, at 96 to the inch


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report of a run in which something failed."""
    run = made_run("browser", scenarios=("browse", "publish", "checkout"))
    run.scenarios["browse"][0].block.errors = 3
    run.scenarios["browse"][0].block.reasons = {"GET /posts: status 500": 3}
    run.chapters |= chapters(json.loads(METERING.read_text())["metering"])
    return (write_report(run, tmp_path_factory.mktemp("browser") / "report") / "report.html").as_uri()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SIZES)
def opened(browser: "Browser", report: str, scheme: str, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """The report on each kind of screen, light and dark."""
    width, height = SIZES[request.param]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        yield OpenPage(context.new_page(), report)


@pytest.fixture
def page(browser: "Browser", report: str) -> "Iterator[Page]":
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield OpenPage(context.new_page(), report).page


def test_the_page_loads_nothing_else_and_logs_nothing(opened: OpenPage, report: str) -> None:
    assert opened.requests == [report]
    assert opened.messages == []


def test_every_chart_fits_its_column(opened: OpenPage) -> None:
    drawn = opened.page.evaluate("""[...document.querySelectorAll(".plot")].map((plot) => {
        const marks = plot.querySelectorAll(".trace path, .trace .point, .points path, .box, .bars path").length;
        const svg = plot.querySelector(".main-svg").getBoundingClientRect();
        return [marks, svg.width <= plot.getBoundingClientRect().width + 1];
    })""")
    assert len(drawn) == 4 + 1 + 7  # of latencies, freshness; bill, latency on AWS and scale
    assert all(marks > 0 and fits for marks, fits in drawn)
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_reports_no_serious_violation(opened: OpenPage) -> None:
    assert serious(opened.page) == []


def test_axe_reports_a_planted_violation(page: "Page") -> None:
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    assert serious(page) == ["color-contrast"]


def test_the_five_answers_are_on_the_first_screen_of_a_projector(browser: "Browser", report: str) -> None:
    with browser.new_context(viewport={"width": 1920, "height": 1080}) as context:
        page = OpenPage(context.new_page(), report).page
        assert page.locator("#answers li").count() == 5
        box = page.locator("#answers").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 1080


def test_the_keyboard_reaches_every_control(page: "Page") -> None:
    controls = page.locator("a, summary, [tabindex='0']")
    wanted = sum(controls.nth(number).is_visible() for number in range(controls.count()))
    reached = set()
    for _ in range(2 * wanted):
        page.keyboard.press("Tab")
        place = page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        if page.evaluate("document.activeElement === document.body"):
            break
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        reached.add(place)
    assert len(reached) == wanted
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_a_chart_has_its_data_and_its_file(page: "Page") -> None:
    page.locator("summary").first.click()
    assert page.locator("details").first.locator("tbody tr").count() == 17  # those with ten values beyond them
    with page.expect_download() as download:
        page.locator("details a").first.click()
    assert download.value.suggested_filename == "browse-percentiles.csv"
    assert Path(download.value.path()).read_text().startswith("percentile,")


def test_the_printed_page_shows_all_chapters_in_black_on_white(page: "Page", scheme: str) -> None:
    page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
    page.locator("html.paper").wait_for(state="attached")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.js-plotly-plot text')).fill") == "rgb(0, 0, 0)"
    sections = page.locator("section")
    assert all(sections.nth(number).is_visible() for number in range(sections.count()))
    assert page.locator("details:not(.long):not([open])").count() == 0
    beyond = page.evaluate(
        """[...document.querySelectorAll("main *")].map((each) => each.getBoundingClientRect())
            .filter((box) => box.right > document.querySelector("main").getBoundingClientRect().right + 1).length"""
    )
    assert beyond == 0


def test_printing_resizes_the_charts_for_the_sheet_and_back(page: "Page", tmp_path: Path) -> None:
    widths = "[...document.querySelectorAll('.plot .main-svg')].map((svg) => svg.getBoundingClientRect().width)"
    before = page.evaluate(widths)
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {widths}; }})")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert 0 < max(page.evaluate("window.printed")) <= SHEET_PX
    page.locator("html:not(.paper)").wait_for(state="attached")
    assert page.evaluate(widths) == before
    assert (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n") >= 3


def test_without_scripts_the_tables_have_the_data(browser: "Browser", report: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = OpenPage(context.new_page(), report).page
        assert page.get_by_text("Charts need JavaScript.").is_visible()
        page.locator("summary").first.click()
        assert page.locator("details tbody tr").first.is_visible()
