"""Make new search terms, and wait until search finds them."""

import secrets
from typing import Any

from .client import Api, Json

UNSTEMMABLE = "bcdfghjkmnpqrtvwxz"


def new_word() -> str:
    """Return a new random word that stemming does not change."""
    return "".join(secrets.choice(UNSTEMMABLE) for _ in range(14))


def search_hits(api: Api, q: str, **query: Any) -> list[Json]:
    answer = api.search(q, **query)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def hit_ids(api: Api, q: str) -> list[str]:
    return [hit["post"]["id"] for hit in search_hits(api, q)]


def wait_for_hits(api: Api, q: str, posts: list[Json]) -> None:
    """Wait until search returns exactly these posts, in this order."""

    def shown() -> None:
        assert hit_ids(api, q) == [post["id"] for post in posts]

    api.eventually(shown)


def wait_for_relevance(api: Api, q: str, relevance: int) -> None:
    """Wait until search returns one post of this relevance."""

    def shown() -> None:
        assert [hit["relevance"] for hit in search_hits(api, q)] == [relevance]

    api.eventually(shown)
