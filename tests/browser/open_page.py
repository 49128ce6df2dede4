"""A page in a browser with its console messages and requests, and the violations that axe-core reports."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = ("serious", "critical")


class OpenPage:
    """A page that is open in a browser. messages: of its console. requests: the addresses that it loads."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page, self.messages, self.requests = page, list[str](), list[str]()
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(address)


def serious(page: "Page") -> list[str]:
    """Return the rules of axe-core that a page seriously violates, with all data unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    violations: list[dict[str, Any]] = (
        importlib.import_module("axe_playwright_python.sync_playwright").Axe().run(page).response["violations"]
    )
    return [str(one["id"]) for one in violations if one["impact"] in SERIOUS]


def clipped_elements(page: "Page") -> int:
    """Return how many elements of the page a sheet of paper cuts off."""
    page.emulate_media(media="print")
    page.locator("html.paper").wait_for(state="attached")
    count: int = page.evaluate(
        """[...document.querySelectorAll("main *")].map((each) => each.getBoundingClientRect())
            .filter((box) => box.right > document.querySelector("main").getBoundingClientRect().right + 1).length"""
    )
    return count
