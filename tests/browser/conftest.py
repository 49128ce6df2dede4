"""A real browser for the tests of pages: Debian's Chromium, driven by Playwright. Neither is needed for anything else."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A Chromium without a window."""
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: `make browser` does it")
    chromium = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("no Chromium on the path")
    sandbox = os.geteuid() != 0  # Chromium refuses to make one as root
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=sandbox)
        yield opened
        opened.close()
