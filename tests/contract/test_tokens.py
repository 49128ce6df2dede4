"""Tokens: a missing or invalid token is a 401 with `WWW-Authenticate: Bearer`."""

import base64
import hmac
import json
import time
from collections.abc import Callable

import httpx
import jwt
import pytest

from .client import Api, Person, unique

pytestmark = [pytest.mark.live_api, pytest.mark.deployed]

OTHER_KEY = "a key of sufficient length that neither system knows"
PROTECTED = [
    ("GET", "/users/me"),
    ("PATCH", "/users/me"),
    ("POST", "/posts"),
    ("PATCH", "/posts/{post_id}"),
    ("DELETE", "/posts/{post_id}"),
    ("PUT", "/posts/{post_id}/vote"),
    ("DELETE", "/posts/{post_id}/vote"),
]
PUBLIC = [
    "/users/{username}",
    "/posts",
    "/posts/{post_id}",
    "/leaderboard",
    "/leaderboard.html",
    "/search?q=needle",
    "/health",
]


@pytest.fixture(scope="module")
def post_id(api: Api, ada: Person) -> str:
    """A post of Ada's."""
    new_id: str = api.published(ada)["id"]
    return new_id


def _ask(api: Api, method: str, path: str, *, headers: dict[str, str]) -> httpx.Response:
    return api.send(method, path, headers=headers, json={} if method in ("POST", "PUT", "PATCH") else None)


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _forged(ada: Person, *, algorithm: str = "HS256", key: str = OTHER_KEY) -> str:
    """Return a token in Ada's name, signed with this key by hand, since libraries refuse to make some invalid tokens."""
    claims = {"sub": ada.username, "exp": int(time.time()) + 600}
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    signature = b"" if algorithm == "none" else hmac.digest(key.encode(), signed.encode(), "sha256")
    return f"{signed}.{_encoded(signature)}"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_missing_token_is_a_401(api: Api, post_id: str, method: str, path: str) -> None:
    assert _ask(api, method, path.format(post_id=post_id), headers={}).status_code == 401


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_bad_token_is_a_401_on_every_protected_operation(api: Api, post_id: str, method: str, path: str) -> None:
    answer = _ask(api, method, path.format(post_id=post_id), headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def _tampered(ada: Person) -> str:
    """Return Ada's token with Bob's name and the original signature."""
    header, payload, signature = ada.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{_encoded(json.dumps({**claims, 'sub': 'bob'}).encode())}.{signature}"


BAD: dict[str, Callable[[Person], str]] = {
    "no scheme": lambda ada: ada.token,
    "another scheme": lambda ada: f"Basic {ada.token}",
    "scheme alone": lambda ada: "Bearer",
    "two tokens": lambda ada: f"Bearer {ada.token} {ada.token}",
    "garbage": lambda ada: "Bearer a.b.c",
    "dots": lambda ada: "Bearer ..",
    "very long": lambda ada: "Bearer " + "a" * 4_000,
    "another key": lambda ada: f"Bearer {_forged(ada)}",
    "an empty key": lambda ada: f"Bearer {_forged(ada, key='')}",
    "no signature": lambda ada: f"Bearer {_forged(ada, algorithm='none')}",
    "signature cut": lambda ada: f"Bearer {ada.token[:-4]}",
    "signature gone": lambda ada: f"Bearer {ada.token.rpartition('.')[0]}.",
    "somebody else's name": lambda ada: f"Bearer {_tampered(ada)}",
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_token_is_a_401(api: Api, ada: Person, bad: str) -> None:
    answer = api.send("GET", "/users/me", headers={"Authorization": BAD[bad](ada)})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"].startswith("/problems/")


@pytest.mark.parametrize("path", PUBLIC)
def test_a_bad_token_is_ignored_on_public_operations(api: Api, ada: Person, post_id: str, path: str) -> None:
    where = path.format(post_id=post_id, username=ada.username)
    assert api.send("GET", where, by="nonsense").status_code == 200


def test_a_bad_token_is_ignored_at_sign_up_and_sign_in(api: Api) -> None:
    username = unique("u")
    form = {"username": username, "password": "long enough"}
    signed_up = api.send("POST", "/users", by="nonsense", json={**form, "email": f"{username}@example.org"})
    assert signed_up.status_code == 201
    assert api.send("POST", "/tokens", by="nonsense", json=form).status_code == 201


def test_a_token_is_a_jwt_that_expires(api: Api, ada: Person) -> None:
    answer = api.sign_in(username=ada.username, password=ada.password).json()
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["token_type"] == "Bearer"
    assert 0 < claims["exp"] - time.time() <= answer["expires_in"] + 5


def test_a_token_contains_no_private_data(api: Api, ada: Person) -> None:
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    assert ada.email not in json.dumps(claims)
    assert ada.password not in json.dumps(claims)


@pytest.mark.real_server
def test_the_token_identifies_the_user(api: Api, ada: Person, bob: Person) -> None:
    assert api.read_me(ada).json()["username"] == ada.username
    assert api.read_me(bob).json()["username"] == bob.username
