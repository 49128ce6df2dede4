"""Words that nobody else has written, and waiting until search finds them."""

import secrets
from typing import Any

from .client import Api, Json

UNSTEMMABLE = "bcdfghjkmnpqrtvwxz"


def new_word() -> str:
    """Return a new word that stemming leaves alone."""
    return "".join(secrets.choice(UNSTEMMABLE) for _ in range(14))


def found(api: Api, q: str, **query: Any) -> list[Json]:
    answer = api.search(q, **query)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def ids(api: Api, q: str) -> list[str]:
    return [hit["post"]["id"] for hit in found(api, q)]


def wait_for_hits(api: Api, q: str, posts: list[Json]) -> None:
    """Wait until exactly these posts are found, in this order."""

    def shown() -> None:
        assert ids(api, q) == [post["id"] for post in posts]

    api.eventually(shown)


def wait_for_relevance(api: Api, q: str, relevance: int) -> None:
    """Wait until the query finds one post, of that relevance."""

    def shown() -> None:
        assert [hit["relevance"] for hit in found(api, q)] == [relevance]

    api.eventually(shown)
