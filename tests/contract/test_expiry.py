"""Tokens that are signed with the right key and still count for nobody. Only inside the process is that key known."""

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


def _signed(claims: Claims, *, algorithm: str = "HS256") -> str:
    """Sign without PyJWT's look at the claims, which would refuse to make some of these."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), TOKEN_SECRET, algorithm=algorithm)


@pytest.mark.parametrize("bad", BAD)
def test_a_token_that_does_not_count_is_nobodys(inside: Api, bad: str) -> None:
    person = inside.join()
    answer = inside.read_me(_signed(BAD[bad](person.username)))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_does_not_count(inside: Api, algorithm: str) -> None:
    person = inside.join()
    token = _signed({"sub": person.username, "exp": _in_an_hour()}, algorithm=algorithm)
    assert inside.read_me(token).status_code == 401


def test_a_token_made_as_the_contract_says_counts(inside: Api) -> None:
    person: Person = inside.join()
    token = _signed({"sub": person.username, "exp": _in_an_hour()})
    assert inside.read_me(token).json()["username"] == person.username
