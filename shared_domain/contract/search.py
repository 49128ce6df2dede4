"""Search on the wire: what is found, and where a page of it ends."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from shared_domain.contract.posts import PostId, post_json
from shared_domain.posts import Post
from shared_domain.search import Match

MatchPosition = tuple[Annotated[int, Meta(ge=0, le=1000)], PostId]


def found_json(post: Post, match: Match) -> dict[str, Any]:
    """Return one answer of a search."""
    return {"post": post_json(post), "relevance": match.relevance}


def list_name(terms: Sequence[str]) -> str:
    """Return the name that cursors of this search are bound to."""
    return f"search {' '.join(terms)}"


def position_of(match: Match) -> tuple[int, str]:
    """Return where a page that ends with this match goes on."""
    return match.relevance, match.post_id


def after(position: tuple[int, str] | None) -> Match | None:
    """Return the last match of the page before, None for the first page."""
    return None if position is None else Match(relevance=position[0], post_id=position[1])
