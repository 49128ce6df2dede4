"""A page in a browser, with what it said and what it asked for; and what axe-core has against it."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = ("serious", "critical")


class Opened:
    """A page that was opened at an address."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page, self.said, self.asked = page, list[str](), list[str]()
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(address)


def serious(page: "Page") -> list[str]:
    """Return the names of the rules of axe-core that a page breaks seriously, its folded data included."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    found: list[dict[str, Any]] = (
        importlib.import_module("axe_playwright_python.sync_playwright").Axe().run(page).response["violations"]
    )
    return [str(one["id"]) for one in found if one["impact"] in SERIOUS]


def beyond_paper(page: "Page") -> int:
    """Return how many parts of the page a sheet of paper would cut off."""
    page.emulate_media(media="print")
    page.wait_for_function("document.documentElement.classList.contains('paper')")
    found: int = page.evaluate(
        """[...document.querySelectorAll("main *")].map((each) => each.getBoundingClientRect())
            .filter((box) => box.right > document.querySelector("main").getBoundingClientRect().right + 1).length"""
    )
    return found
