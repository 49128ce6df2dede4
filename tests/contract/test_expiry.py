"""Tokens that are signed with the right key and are still invalid. The key is known only in process."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from .client import Api, Person
from .systems import TOKEN_SECRET

Claims = dict[str, Any]


def _in_an_hour() -> int:
    return int(time.time()) + 3_600


BAD: dict[str, Callable[[str], Claims]] = {
    "expired": lambda name: {"sub": name, "exp": int(time.time()) - 1},
    "expired long ago": lambda name: {"sub": name, "exp": 0},
    "without exp": lambda name: {"sub": name},
    "without sub": lambda name: {"exp": _in_an_hour()},
    "sub a number": lambda name: {"sub": 5, "exp": _in_an_hour()},
    "sub null": lambda name: {"sub": None, "exp": _in_an_hour()},
    "sub a list": lambda name: {"sub": [name], "exp": _in_an_hour()},
    "exp no number": lambda name: {"sub": name, "exp": "soon"},
    "exp null": lambda name: {"sub": name, "exp": None},
}
NO_USERNAMES = ["", "x", "Ada", "\x00", "ada\n", "user#ada", "\ud800", "ünïcode", "a" * 31, "x" * 3_000, "' OR 1=1 --"]


def _signed(claims: Claims, *, algorithm: str = "HS256") -> str:
    """Sign claims without PyJWT's checks, which refuse some of them."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), TOKEN_SECRET, algorithm=algorithm)


@pytest.mark.parametrize("bad", BAD)
def test_a_token_with_invalid_claims_is_a_401(inside: Api, bad: str) -> None:
    person = inside.join()
    answer = inside.read_me(_signed(BAD[bad](person.username)))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("subject", NO_USERNAMES, ids=lambda subject: ascii(subject)[:20])
def test_a_token_whose_subject_is_no_username_is_a_401(inside: Api, subject: str) -> None:
    token = _signed({"sub": subject, "exp": _in_an_hour()})
    for answer in (inside.read_me(token), inside.list_orders(token), inside.publish(token, title="x", body="x")):
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_token_of_another_algorithm_is_a_401(inside: Api, algorithm: str) -> None:
    person = inside.join()
    token = _signed({"sub": person.username, "exp": _in_an_hour()}, algorithm=algorithm)
    assert inside.read_me(token).status_code == 401


def test_a_token_with_valid_claims_is_accepted(inside: Api) -> None:
    person: Person = inside.join()
    token = _signed({"sub": person.username, "exp": _in_an_hour()})
    assert inside.read_me(token).json()["username"] == person.username
