"""The call traces of a report in a real browser."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from loadtests import report
from tests.browser.open_page import OpenPage, serious
from tests.loadtests.made_explained import explained

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = {"laptop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = report.add_chapter(
        tmp_path_factory.mktemp("browser") / "report", "explain", explained(("voter", "writer"))
    )
    return (folder / "report.html").as_uri()


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def opened(browser: "Browser", address: str, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    size, scheme = request.param
    width, height = SIZES[size]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        yield OpenPage(context.new_page(), address)


def test_the_page_loads_nothing_else_and_logs_nothing(opened: OpenPage, address: str) -> None:
    assert opened.requests == [address]
    assert opened.messages == []


def test_every_trace_fits_the_page(opened: OpenPage) -> None:
    drawn = opened.page.evaluate("""[...document.querySelectorAll(".plot")].map((plot) => [
        plot.querySelectorAll(".points path").length,
        plot.querySelector(".main-svg").getBoundingClientRect().width <= plot.getBoundingClientRect().width + 1,
    ])""")
    assert len(drawn) == 6
    assert all(bars > 0 and fits for bars, fits in drawn)
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_reports_no_serious_violation(opened: OpenPage) -> None:
    assert serious(opened.page) == []


def test_the_keyboard_opens_the_spans_of_a_trace(opened: OpenPage) -> None:
    opened.page.locator("summary").first.focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("details").first.locator("tbody tr").count() == 3
    assert opened.page.get_by_text("monolith/votes/routes.py:20").first.is_visible()


def test_the_printed_page_shows_every_trace(opened: OpenPage) -> None:
    opened.page.emulate_media(media="print")
    opened.page.locator("html.paper").wait_for(state="attached")
    assert opened.page.locator(".plot .main-svg").first.is_visible()
    assert opened.page.locator("details:not(.long):not([open])").count() == 0
