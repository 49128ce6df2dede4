"""The built site in a real browser: no other host, both sides next to each other, search, light and dark, on a phone."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from loadtests.processes import ROOT
from tests.browser.open_page import OpenPage, serious

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SITE = ROOT / ".site" / "html"
PAGES = ("index", "features/votes", "paths/order", "triggers", "decide", "decisions/index", "workshop/2-one-vote")
SCREENS = {"laptop-light": (1280, 800, "light"), "phone-dark": (390, 844, "dark")}


class Quiet(SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site, which `make docs-build` has built."""
    assert (SITE / "index.html").exists(), "make docs-build has not run"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=SCREENS)
def screen(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    width, height, scheme = SCREENS[request.param]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        yield context.new_page()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen_loads_nothing_else_and_has_no_serious_violation(
    screen: "Page", site: str, name: str
) -> None:
    opened = OpenPage(screen, f"{site}/{name}.html")
    assert [request for request in opened.requests if not request.startswith((site, "blob:", "data:"))] == []
    assert opened.messages == []
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(screen) == []


def test_both_sides_are_next_to_each_other_on_a_laptop_and_below_each_other_on_a_phone(
    browser: "Browser", site: str
) -> None:
    for width, is_beside in ((1280, True), (390, False)):
        with browser.new_context(viewport={"width": width, "height": 800}) as context:
            figures = OpenPage(context.new_page(), f"{site}/features/votes.html").page.locator("figure.quote")
            left, right = figures.nth(0).bounding_box(), figures.nth(1).bounding_box()
        assert left is not None
        assert right is not None
        assert (left["y"] == right["y"]) is is_beside
        assert left["width"] >= (440 if is_beside else 330)


def test_a_quote_links_to_its_line(page: "Page", site: str) -> None:
    OpenPage(page, f"{site}/features/votes.html")
    page.locator("figcaption a", has_text="microservices/votes/routes.py").nth(2).click()
    page.wait_for_url("**/source/microservices/votes/routes.py.html#L*")
    assert page.locator(":target").inner_text().strip() == '@router.put("/posts/<post_id>/vote")'


def test_a_diagram_is_drawn_in_the_colours_of_the_theme(screen: "Page", site: str) -> None:
    OpenPage(screen, f"{site}/features/votes.html")
    diagram = screen.locator(".diagram svg").first
    assert diagram.get_by_text("votes-projection").count() >= 1
    ink = screen.evaluate("getComputedStyle(document.querySelector('.diagram text')).fill")
    assert ink == screen.evaluate(
        "(() => { const e = document.createElement('i'); e.style.color = 'var(--ink)'; document.body.append(e);"
        " return getComputedStyle(e).color; })()"
    )


def test_the_search_finds_a_function(page: "Page", site: str) -> None:
    OpenPage(page, f"{site}/decide.html")
    page.locator(".md-search__button").click()
    page.get_by_role("combobox", name="Search").fill("revise_post")
    first = page.get_by_role("option").first
    assert "features/posts.html" in str(first.get_attribute("href"))
