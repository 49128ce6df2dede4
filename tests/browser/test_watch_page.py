"""The page of `watch` in a real browser, with the events of a run."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from loadtests.journal import NAME, Journal
from loadtests.results import SIDES, SideBlock
from tests.browser.open_page import OpenPage, serious
from tests.loadtests.made_runs import a_block
from tests.loadtests.test_watch import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ON_A_PHONE, ON_A_PROJECTOR = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The folder of a run that has measured two blocks."""
    journal = Journal(tmp_path / "run" / NAME)
    with journal.running(profile="quick"):
        journal.append("phase", name="browse: both sides in alternating blocks", steps=6)
        for side in SIDES:
            block = a_block(Random(side), 5.0, 60)
            block.errors = 2 * (side == "microservices")
            journal.block("browse", SideBlock(side, 0, 0.0, block), seconds=2.0)
            journal.append("step")
    return tmp_path


@pytest.fixture(params=["light", "dark"])
def opened(browser: "Browser", runs: Path, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    viewport = ON_A_PHONE if request.param == "dark" else ON_A_PROJECTOR
    with served(runs) as url, browser.new_context(viewport=viewport, color_scheme=request.param) as context:  # type: ignore[arg-type]
        page = OpenPage(context.new_page(), url)
        page.page.get_by_text("The comparison is complete").wait_for()
        yield page


def test_both_sides_show_their_last_block(opened: OpenPage) -> None:
    page = opened.page
    assert page.locator("#monolith dd.rate").inner_text() == "30"
    assert page.locator("#microservices dd.failed").inner_text() == "2 · 0 · 0"
    assert page.locator("#microservices dd.failed.bad").count() == 1
    assert page.locator("svg rect").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_requests_only_its_own_events(opened: OpenPage) -> None:
    paths = {url.rpartition("/")[2].partition("?")[0] for url in opened.requests if not url.startswith("data:")}
    assert paths == {"", "events"}
    assert opened.messages == []


def test_axe_reports_no_serious_violation(opened: OpenPage) -> None:
    assert serious(opened.page) == []


def test_a_page_without_a_run_says_so(browser: "Browser", tmp_path: Path) -> None:
    with served(tmp_path) as url, browser.new_context() as context:
        OpenPage(context.new_page(), url).page.get_by_text("No comparison has run yet.").wait_for()
