"""Fixtures of several files."""

from collections.abc import Iterator

import pytest

from loadtests.load_process import LoadProcess


@pytest.fixture(scope="module")
def generator() -> Iterator[LoadProcess]:
    """The load process of all blocks of a file. Starting it takes two seconds of CPU time."""
    with LoadProcess() as process:
        yield process
