"""Both sides in this process, telling what they do: the functions over moto, the monolith over an embedded PostgreSQL."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import httpx
import pytest

from microservices.tracing import calls
from tests.contract.client import Api
from tests.contract.gateway import gateway_over_moto
from tests.contract.systems import monolith_application
from tests.contract.wsgi import WsgiTransport
from tracing import serialising

from .told import Explained


@pytest.fixture(scope="module")
def functions() -> Iterator[Explained]:
    told: list[str] = []
    forget, put_back = calls.watch(), serialising.watch()
    boto3.setup_default_session()  # a session takes the handlers that are there when it begins
    try:
        with (
            gateway_over_moto(told.append) as gateway,
            httpx.Client(transport=gateway, base_url="http://f.test") as client,
        ):
            yield Explained(Api(client, patience=0), client, lambda: list(told))
    finally:
        put_back()
        forget()
        boto3.setup_default_session()


@pytest.fixture(scope="module")
def monolith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explained]:
    folder = tmp_path_factory.mktemp("explained")
    file = folder / "spans.jsonl"
    with (
        _serialising_put_back(),
        monolith_application(folder / "postgres", file) as application,
        httpx.Client(transport=WsgiTransport(application), base_url="http://m.test") as client,
    ):
        yield Explained(Api(client, patience=5), client, lambda: file.read_text().splitlines())


@contextmanager
def _serialising_put_back() -> Iterator[None]:
    """Leave json and msgspec to the tests that follow as they were: the monolith, once it is explained, stays so."""
    modules = {name: sys.modules[name] for name, _ in (*serialising.MADE, *serialising.READ)}
    kept = [
        (modules[name], each, getattr(modules[name], each)) for name, each in (*serialising.MADE, *serialising.READ)
    ]
    try:
        yield
    finally:
        for module, each, original in kept:
            setattr(module, each, original)
