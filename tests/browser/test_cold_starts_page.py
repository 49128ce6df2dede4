"""A report of cold starts alone in a real browser: drawn, accessible, printable."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from loadtests.coldstarts import Imports, Invocations, Measured
from loadtests.report import add_chapter
from microservices.deploy.packages import handlers
from tests.browser.opened import Opened, beyond_paper, serious

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCREENS = {"projector": ((1920, 1080), "light"), "phone": ((390, 844), "dark")}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of every function there is."""
    measured = Measured(rounds=1)
    for name in handlers():
        measured.imports[name] = [Imports({"boto3": 300.0}, 100.0)]
        measured.invocations[name] = Invocations([50.0], [10.0])
        measured.package_mb[name] = 1.5
    folder = add_chapter(tmp_path_factory.mktemp("browser") / "cold", "cold_starts", measured.figures())
    return (folder / "report.html").as_uri()


@pytest.fixture(params=SCREENS)
def opened(browser: "Browser", report: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    (width, height), scheme = SCREENS[request.param]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        yield Opened(context.new_page(), report)


def test_it_is_drawn_and_loads_nothing_else(opened: Opened, report: str) -> None:
    assert (opened.requests, opened.messages) == ([report], [])
    marks = opened.page.evaluate(
        "[...document.querySelectorAll('.plot')].map((plot) => plot.querySelectorAll('.bars path, .points path').length)"
    )
    assert len(marks) == 1
    assert min(marks) >= len(handlers())
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_serious(opened: Opened) -> None:
    assert serious(opened.page) == []


def test_paper_shows_all_of_it(opened: Opened) -> None:
    assert beyond_paper(opened.page) == 0
