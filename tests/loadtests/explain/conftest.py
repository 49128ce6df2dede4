"""Both sides in this process with hooks around them: the functions over moto, the monolith over an embedded PostgreSQL."""

from collections.abc import Iterator

import boto3
import httpx
import pytest

from loadtests.explain.hooks import functions, monolith
from tests.contract.client import Api
from tests.contract.gateway import gateway_over_moto
from tests.contract.systems import monolith_application
from tests.contract.wsgi import WsgiTransport

from .traced_systems import TracedSystem


@pytest.fixture(scope="module", name="functions")
def traced_functions() -> Iterator[TracedSystem]:
    lines: list[str] = []
    with functions.calls_traced():
        boto3.setup_default_session()  # a session copies the handlers that are there when it begins
        with (
            gateway_over_moto(lines.append) as gateway,
            httpx.Client(transport=gateway, base_url="http://f.test") as client,
        ):
            yield TracedSystem(Api(client, patience=0), client, lambda: list(lines))
    boto3.setup_default_session()


@pytest.fixture(scope="module", name="monolith")
def traced_monolith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracedSystem]:
    lines: list[str] = []
    with (
        monolith.installed(lines.append),
        monolith_application(tmp_path_factory.mktemp("traced")) as application,
        httpx.Client(transport=WsgiTransport(application), base_url="http://m.test") as client,
    ):
        yield TracedSystem(Api(client, patience=5), client, lambda: list(lines))
