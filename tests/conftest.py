"""What tests of several folders share: one deployed system for the whole session, started when a test first asks."""

import gc
import os
from collections.abc import Iterator

import pytest
from xdist.remote import Producer

from microservices.deploy.local_aws import LocalAws, local_aws
from tests.deep import mark_further_variants
from tests.groups import InGroups, longest_first

ADMINISTRATOR = "admin"  # of every system that the tests ask
PORT = 4700  # not the default: the tests leave a system that runs beside them alone


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InGroups | None:
    return InGroups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    mark_further_variants(items)  # before pytest deselects by marker
    yield
    if config.getoption("loadgroup", default=False):  # in one of several processes
        longest_first(items)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was imported, and look less often: it took a third of all processor time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def local_aws_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Every feature, deployed on a local AWS of this session's own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    folder = tmp_path_factory.mktemp("local-aws")
    with local_aws(folder, PORT + 10 * worker, administrators=ADMINISTRATOR) as stack:
        yield stack
