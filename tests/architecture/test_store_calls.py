"""Check docs/store-calls.md against the store calls of running systems."""

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore import handlers
from sqlalchemy import Engine, event

from tests.contract.client import Api, Person
from tests.contract.gateway import gateway_over_moto
from tests.contract.images import png
from tests.contract.systems import monolith_application
from tests.contract.wsgi import WsgiTransport

TABLE = Path(__file__).parents[2] / "docs" / "store-calls.md"
ROW = re.compile(r"^\| (?P<operation>[^|]+?) \| (?P<services>[^|]*?) \| (?P<monolith>[^|]*?) \|", re.MULTILINE)


def documented_calls() -> dict[str, tuple[str, str]]:
    """Return the table: operation → calls of the microservices, statements of the monolith."""
    rows = [row.groups() for row in ROW.finditer(TABLE.read_text())]
    return {operation: (services, monolith) for operation, services, monolith in rows[1:]}


class Recorder:
    """Record the store calls of HTTP functions and of the monolith's requests, without its background threads."""

    def __init__(self) -> None:
        self._calls: list[str] = []

    def call(self, model: Any, **_: Any) -> None:
        if os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").endswith("-http"):
            self._calls.append(model.name)

    def statement(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._calls.append(statement.split(maxsplit=1)[0])

    def read(self) -> str:
        calls, self._calls = self._calls, []
        return ", ".join(calls) or "none"


def run_operations(api: Api, recorder: Recorder) -> dict[str, str]:
    """Run every operation once. Return the store calls of each."""
    seen: dict[str, str] = {}

    def done(operation: str, response: httpx.Response) -> Any:
        seen[operation] = recorder.read()
        assert response.status_code < 300, response.text
        return response

    warm = api.join("warm")  # warm up, so that the calls of cold starts do not count
    admin = api.administrator()
    api.give_feedback(message="warm")
    api.list_orders(warm)
    recorder.read()
    form = {"username": "stores", "email": "stores@example.org", "password": "password1"}
    done("register", api.register(**form))
    signed = done("sign_in", api.sign_in(username="stores", password="password1"))
    ada = Person(token=signed.json()["access_token"], **form)
    done("read_me", api.read_me(ada))
    done("revise_me", api.revise_me(ada, bio="new"))
    done("read_user", api.read_user("stores"))
    post = done("publish", api.publish(ada, title="A cat", body="and a dog", tags=["x"])).json()
    done("list_posts", api.list_posts())
    done("read_post", api.read_post(post["id"]))
    done("revise_post", api.revise_post(ada, post["id"], title="The cat"))
    done("search, two terms", api.search(q="cat dog"))
    done("cast", api.cast(warm, post["id"], value=1))
    done("leaderboard", api.leaderboard())
    done("trending", api.trending())
    placed = done("place", api.place(ada, {"sku": "boost-1d", "post_id": post["id"], "quantity": 1}, key="k"))
    done("place, again", api.place(ada, {"sku": "boost-1d", "post_id": post["id"], "quantity": 1}, key="k"))
    done("list_orders", api.list_orders(ada))
    done("read_order", api.read_order(ada, placed.json()["id"]))
    done("retract", api.retract(warm, post["id"]))
    done("withdraw", api.withdraw(ada, post["id"]))
    done("give_feedback", api.give_feedback(message="Thank you"))
    done("list_feedback", api.list_feedback(admin))
    done("upload_avatar", api.upload_avatar(ada, png()))
    api.avatar_settles("stores", lambda thumbnail: True)
    recorder.read()
    done("read_avatar", api.read_avatar("stores"))
    done("health", api.send("GET", "/health"))
    done("openapi", api.send("GET", "/openapi.json"))
    return seen


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def functions(recorder: Recorder) -> Iterator[Api]:
    registration = ("before-call", recorder.call)
    handlers.BUILTIN_HANDLERS.append(registration)
    try:
        with (
            gateway_over_moto() as gateway,
            httpx.Client(transport=gateway, base_url="http://functions.test") as client,
        ):
            yield Api(client, patience=0)
    finally:
        handlers.BUILTIN_HANDLERS.remove(registration)


@pytest.fixture
def monolith(recorder: Recorder, tmp_path: Path) -> Iterator[Api]:
    with monolith_application(tmp_path) as application:
        event.listen(Engine, "before_cursor_execute", recorder.statement)
        try:
            with httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test") as client:
                yield Api(client, patience=0)
        finally:
            event.remove(Engine, "before_cursor_execute", recorder.statement)


def test_the_functions_make_the_documented_store_calls(functions: Api, recorder: Recorder) -> None:
    assert run_operations(functions, recorder) == {
        operation: services for operation, (services, _) in documented_calls().items()
    }


def test_the_monolith_runs_the_documented_statements(monolith: Api, recorder: Recorder) -> None:
    assert run_operations(monolith, recorder) == {
        operation: monolith for operation, (_, monolith) in documented_calls().items()
    }
