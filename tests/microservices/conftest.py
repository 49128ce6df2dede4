"""Fixtures of the tests of the deployed services: their tables and queues, and a client that waits for eventual effects."""

from collections.abc import Iterator

import httpx
import pytest

from microservices.deploy.local_aws import LocalAws
from tests.contract.client import Api

from .deployed_stage import DeployedStage

PATIENCE_S = 20.0  # five tries of a second each, cold starts, and a stream poller that all streams share


@pytest.fixture(scope="module")
def stage(local_aws_stack: LocalAws) -> DeployedStage:
    return DeployedStage(local_aws_stack)


@pytest.fixture(scope="module")
def api(local_aws_stack: LocalAws) -> Iterator[Api]:
    with httpx.Client(base_url=local_aws_stack.url, timeout=20) as client:
        yield Api(client, patience=PATIENCE_S)
