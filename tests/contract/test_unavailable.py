"""An unavailable store is a 503 with `Retry-After`, without details of the cause."""

import time
from collections.abc import Iterator

import httpx
import jwt
import pytest

from monolith.app import create_app
from monolith.settings import Settings

from .aws_calls import failing_stores
from .gateway import gateway_over_moto
from .systems import TOKEN_SECRET
from .wsgi import WsgiTransport

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"
POST = "/posts/01ARZ3NDEKTSV4RRFFQ69G5FAV"
OPERATIONS = [
    ("POST", "/tokens", {"username": "somebody", "password": "long enough"}),
    ("PATCH", "/users/me", {"bio": "x"}),
    ("GET", "/posts", None),
    ("DELETE", POST, None),
    ("PUT", f"{POST}/vote", {"value": 1}),
    ("GET", "/search?q=needle", None),
    ("GET", "/orders", None),
    ("GET", "/leaderboard", None),
    ("GET", "/trending", None),
    ("POST", "/feedback", {"message": "x"}),
    ("GET", "/users/somebody/avatar", None),
]


@pytest.fixture(scope="module", params=["monolith", "functions"])
def system_without_stores(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A system with unavailable stores."""
    if request.param == "monolith":
        application = create_app(Settings(database_url=NOWHERE, token_secret=TOKEN_SECRET))
        yield httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test")
    else:
        with gateway_over_moto() as gateway, failing_stores():
            yield httpx.Client(transport=gateway, base_url="http://functions.test")


@pytest.mark.parametrize(
    ("method", "path", "form"), OPERATIONS, ids=[f"{method} {path}" for method, path, _ in OPERATIONS]
)
def test_an_unavailable_store_is_a_503_with_a_retry_after(
    system_without_stores: httpx.Client, method: str, path: str, form: dict[str, object] | None
) -> None:
    token = jwt.encode({"sub": "somebody", "exp": int(time.time()) + 600}, TOKEN_SECRET)
    answer = system_without_stores.request(method, path, json=form, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["status"] == 503
    for cause in ("dynamo", "s3", "sqlalchemy", "psycopg", "connection", "127.0.0.1"):
        assert cause not in answer.text.lower()


def test_health_does_not_use_a_store(system_without_stores: httpx.Client) -> None:
    assert system_without_stores.get("/health").json() == {"status": "ok"}
