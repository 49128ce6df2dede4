"""A report of capacities alone in a real browser: findings first, charts drawn, accessible."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from loadtests.report import add_chapter
from tests.browser.open_page import OpenPage, clipped_elements, serious
from tests.loadtests.made_capacity import chapter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCREENS = {"projector": ((1920, 1080), "light"), "phone": ((390, 844), "dark")}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of one scenario on both sides."""
    return (
        add_chapter(tmp_path_factory.mktemp("browser") / "capacity", "capacity", chapter()) / "report.html"
    ).as_uri()


@pytest.fixture(params=SCREENS)
def opened(browser: "Browser", report: str, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    (width, height), scheme = SCREENS[request.param]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        yield OpenPage(context.new_page(), report)


def test_the_finding_is_on_the_first_screen(opened: OpenPage) -> None:
    finding = opened.page.get_by_text("the monolith 300 (270 – 315)").first
    box = finding.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= opened.page.evaluate("innerHeight")


def test_the_page_is_drawn_and_loads_nothing_else(opened: OpenPage, report: str) -> None:
    assert (opened.requests, opened.messages) == ([report], [])
    marks = opened.page.evaluate(
        "[...document.querySelectorAll('.plot')].map((plot) => plot.querySelectorAll('.points path').length)"
    )
    assert marks == [20]  # five rates a side: p50 and p95
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_reports_no_serious_violation(opened: OpenPage) -> None:
    assert serious(opened.page) == []


def test_the_printed_page_shows_everything(opened: OpenPage) -> None:
    assert clipped_elements(opened.page) == 0
