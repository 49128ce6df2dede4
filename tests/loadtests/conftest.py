"""Fixtures of several files."""

from collections.abc import Iterator

import pytest

from loadtests import systems
from loadtests.load_process import LoadProcess


@pytest.fixture(scope="module")
def generator() -> Iterator[LoadProcess]:
    """The load process of all blocks of a file. Starting it takes two seconds of CPU time."""
    with LoadProcess() as process:
        yield process


@pytest.fixture(scope="session")
def monolith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running monolith. No test stops it or counts its data."""
    with systems.running(tmp_path_factory.mktemp("monolith"), [systems.MONOLITH]) as urls:
        yield urls[systems.MONOLITH.name]
