"""Off means off: no hook is registered, no header is looked at, nothing is written, and not a module of it is loaded."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore import handlers

from microservices.deploy import templates
from microservices.deploy.packages import TRACING
from microservices.deploy.packages import handlers as every_handler
from microservices.deploy.tracing import HANDLER, OWN, configured
from microservices.tracing import calls
from tests.contract.aws_calls import answered_by
from tests.contract.client import Api
from tests.contract.cloud import Cloud
from tests.contract.gateway import gateway_over_moto
from tests.contract.images import png
from tracing import serialising
from tracing.traceparent import NAME

from .told import SENT

SEEN_AGAIN = (b"DynamoDB_20120810.", b"sns.", b"Kinesis_20131202.", b"s3.")
LOADED = "import sys, json; {}; print(json.dumps(sorted(name for name in sys.modules if 'tracing' in name)))"
MONOLITH = (
    "from monolith.app import create_app; from monolith.settings import Settings;"
    "from monolith.concurrency_limit import ConcurrencyLimit; import json; dumps = json.dumps;"
    "app = create_app(Settings(database_url='postgresql://nowhere', token_secret='none'));"
    "assert type(app.wsgi_app) is ConcurrencyLimit; assert json.dumps is dumps; assert not app.before_request_funcs.get('x')"
)


def loaded(program: str) -> list[str]:
    """Return the modules of ours that trace and that a fresh process has loaded after a program."""
    ran = subprocess.run([sys.executable, "-c", LOADED.format(program)], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return [name for name in found if name.startswith(("tracing", "microservices", "monolith"))]


def test_the_monolith_loads_nothing_of_it() -> None:
    assert loaded(MONOLITH) == []


@pytest.mark.parametrize("function", ["posts-http", "votes-projection"])
def test_a_function_loads_nothing_of_it(function: str) -> None:
    variables = ("TABLE", "POST_EVENTS_FUNCTION", "VIEWS_STREAM", "SITE_BUCKET", "EVENTS_TOPIC", "PARKING_QUEUE_URL")
    given = {**dict.fromkeys(variables, "none"), "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_DEFAULT_REGION": "us-east-1"}
    assert loaded(f"import os; os.environ |= {given}; import {every_handler()[function]}") == []


def test_no_template_and_no_handler_knows_of_it() -> None:
    for feature in templates.services():
        assert OWN not in templates.path(feature).read_text()
        assert TRACING not in templates.path(feature).read_text()


def test_hooks_that_nothing_is_explained_by_are_gone_again() -> None:
    registered, dumps = list(handlers.BUILTIN_HANDLERS), json.dumps
    forget, put_back = calls.watch(), serialising.watch()
    assert json.dumps is not dumps
    put_back()
    forget()
    assert registered == handlers.BUILTIN_HANDLERS
    assert json.dumps is dumps


def test_a_function_that_is_explained_keeps_its_settings_and_is_not_explained_twice() -> None:
    known = {"Handler": "microservices.posts.handler.lambda_handler", "Environment": {"Variables": {"TABLE": "t"}}}
    changed = configured(known)
    assert changed["Handler"] == HANDLER
    assert changed["Environment"]["Variables"] == {"TABLE": "t", OWN: known["Handler"]}
    assert configured(changed) == {}


@pytest.fixture
def sent() -> Iterator[list[bytes]]:
    """What the functions send to AWS services, as it goes out."""
    found: list[bytes] = []

    def note(request: Any) -> None:
        found.append(f"{request.url} {dict(request.headers)} {request.body!r}".encode())

    with answered_by(note):
        yield found


def test_nothing_that_is_sent_or_kept_carries_a_trace(sent: list[bytes]) -> None:
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
        kept = json.dumps([Cloud("").client("dynamodb").scan(TableName=name) for name in _tables()], default=str)
    asked = b"".join(sent)
    assert all(service in asked for service in SEEN_AGAIN)
    for content in (asked, kept.encode()):
        assert NAME.encode() not in content
        assert b"ReturnConsumedCapacity" not in content


def _tables() -> list[str]:
    return list(Cloud("").client("dynamodb").list_tables()["TableNames"])
