"""What tests of several folders share: one deployed system for the whole session, started when a test first asks."""

import os
from collections.abc import Iterator

import pytest

from microservices.deploy.local_aws import LocalAws, local_aws

ADMINISTRATOR = "admin"  # of every system that the tests ask
PORT = 4700  # not the default: the tests leave a system that runs beside them alone


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: needs running systems, given by their URLs or started by the tests")


@pytest.fixture(scope="session")
def local_aws_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Every room, deployed on a local AWS of this session's own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    folder = tmp_path_factory.mktemp("local-aws")
    with local_aws(folder, PORT + 10 * worker, administrators=ADMINISTRATOR) as stack:
        yield stack
