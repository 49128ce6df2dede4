"""Without `explain`, neither system loads a hook, reads a traceparent or sends one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore import handlers
from flask import Flask
from sqlalchemy.engine.default import DefaultDialect

from loadtests.explain.hooks import functions, monolith
from loadtests.explain.hooks.carriers import NAME
from loadtests.explain.traced import HANDLER, SPANS_FILE
from loadtests.local_aws import OWN_HANDLER, configuration_of
from microservices.deploy.packages import handlers as every_handler
from monolith.background import Background
from monolith.trending.views import Views
from tests.contract.aws_calls import answered_by
from tests.contract.client import Api
from tests.contract.cloud import Cloud
from tests.contract.gateway import gateway_over_moto
from tests.contract.images import png

from .traced_systems import SENT

CALLED = (b"DynamoDB_20120810.", b"sns.", b"Kinesis_20131202.", b"s3.")
LOADED = "import sys, json; {}; print(json.dumps(sorted(name for name in sys.modules if name.startswith('loadtests'))))"
MONOLITH = (
    "from monolith.app import create_app; from monolith.settings import Settings;"
    "create_app(Settings(database_url='postgresql://nowhere', token_secret='none'))"
)


def loaded(program: str) -> list[str]:
    """Return the modules of loadtests that a fresh process has loaded after a program."""
    ran = subprocess.run([sys.executable, "-c", LOADED.format(program)], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return modules


def test_the_monolith_loads_no_hook() -> None:
    assert loaded(MONOLITH) == []


@pytest.mark.parametrize("function", ["posts-http", "votes-projection"])
def test_a_function_loads_no_hook(function: str) -> None:
    variables = ("TABLE", "POST_EVENTS_FUNCTION", "VIEWS_STREAM", "SITE_BUCKET", "EVENTS_TOPIC", "PARKING_QUEUE_URL")
    environment = {
        **dict.fromkeys(variables, "none"),
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    assert loaded(f"import os; os.environ |= {environment}; import {every_handler()[function]}") == []


def test_everything_is_restored_when_the_hooks_are_removed() -> None:
    def hooked() -> list[object]:
        return [
            list(handlers.BUILTIN_HANDLERS), Flask.__call__, Background.run_every, Views.record,
            Views.flush, DefaultDialect.do_begin, DefaultDialect.do_commit, DefaultDialect.do_rollback,
        ]  # fmt: skip

    before = hooked()
    with functions.calls_traced(), monolith.installed(print):
        assert all(now != then for now, then in zip(hooked(), before, strict=True))
    assert hooked() == before


def test_a_traced_function_keeps_its_settings_and_is_not_traced_twice() -> None:
    known = {"Handler": "microservices.posts.handler.lambda_handler", "Environment": {"Variables": {"TABLE": "t"}}}
    changed = configuration_of(known, HANDLER, {SPANS_FILE: "/spans"})
    assert changed["Handler"] == HANDLER
    assert changed["Environment"]["Variables"] == {"TABLE": "t", OWN_HANDLER: known["Handler"], SPANS_FILE: "/spans"}
    assert configuration_of(changed, HANDLER, {SPANS_FILE: "/spans"}) == changed


@pytest.fixture
def sent() -> Iterator[list[bytes]]:
    """The requests of the functions to AWS services, as they are sent."""
    requests: list[bytes] = []

    def note(request: Any) -> None:
        requests.append(f"{request.url} {dict(request.headers)} {request.body!r}".encode())

    with answered_by(note):
        yield requests


def test_nothing_that_is_sent_or_stored_carries_a_trace(sent: list[bytes]) -> None:
    with gateway_over_moto() as gateway, httpx.Client(transport=gateway, base_url="http://f.test") as client:
        client.headers[NAME] = SENT
        api = Api(client, patience=0)
        ada = api.join("ada")
        post = api.published(ada, title="A cat", body="and a dog")["id"]
        api.cast(ada, post, value=1)
        api.read_post(post)
        api.place(ada, {"sku": "boost-1d", "post_id": post, "quantity": 1}, key="a key")
        api.upload_avatar(ada, png())
        api.withdraw(ada, post)
        stored = json.dumps([Cloud("").client("dynamodb").scan(TableName=name) for name in _tables()], default=str)
    requests = b"".join(sent)
    assert all(service in requests for service in CALLED)
    for content in (requests, stored.encode()):
        assert NAME.encode() not in content
        assert b"ReturnConsumedCapacity" not in content


def _tables() -> list[str]:
    return list(Cloud("").client("dynamodb").list_tables()["TableNames"])
