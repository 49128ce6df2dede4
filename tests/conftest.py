"""Hooks and fixtures of all tests. The services are deployed once, when the first test needs them."""

import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

from microservices.deploy.local_aws import LocalAws, local_aws
from tests.deep import has_only_deep_tests, mark_further_variants
from tests.groups import InGroups, longest_first

ADMINISTRATOR = "admin"  # of every system under test
PORT = 4700  # not the default, so that the tests do not use a system that runs already
# Variables of the user are for other systems than those under test.
for name in [name for name in os.environ if re.fullmatch("(PG|AWS_|GIT_|LOCUST_).*|.*_proxy", name, re.IGNORECASE)]:
    del os.environ[name]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InGroups | None:
    return InGroups(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files without selected tests in `make test`."""
    return True if config.getoption("markexpr") == "not deep" and has_only_deep_tests(collection_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    mark_further_variants(items)  # before pytest deselects by marker
    yield
    if config.getoption("loadgroup", default=False):  # in one of several processes
        longest_first(items)


def pytest_collection_finish() -> None:
    """Exclude imported objects from garbage collection and run it less often: it took a third of all processor time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def local_aws_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """All services, deployed on this session's own local AWS."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    folder = tmp_path_factory.mktemp("local-aws")
    with local_aws(folder, PORT + 10 * worker, administrators=ADMINISTRATOR) as stack:
        yield stack
