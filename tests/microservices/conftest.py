"""What tests of the running services share: those deployed for this session, and a patient client of theirs."""

from collections.abc import Iterator

import httpx
import pytest

from microservices.deploy.local_aws import LocalAws
from tests.contract.client import Api

from .parked import Service

PATIENCE_S = 20.0  # five tries of a second each, cold starts, and whatever else the one stream poller has to do


@pytest.fixture(scope="module")
def service(local_aws_stack: LocalAws) -> Service:
    return Service(local_aws_stack)


@pytest.fixture(scope="module")
def api(local_aws_stack: LocalAws) -> Iterator[Api]:
    with httpx.Client(base_url=local_aws_stack.url, timeout=20) as client:
        yield Api(client, patience=PATIENCE_S)
