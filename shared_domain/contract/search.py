"""Search on the wire: what is asked for, what is found, and where a page of it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query, build_decoder
from shared_domain.contract.posts import PostId, post_json
from shared_domain.posts import Post
from shared_domain.search import Match, query_terms


@build_decoder
class MatchPosition(Struct, array_like=True, frozen=True):
    """Where a page of matches ends."""

    relevance: Annotated[int, Meta(ge=0, le=1000)]
    post_id: PostId


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Which page of which search a client asks for."""

    terms: list[str]
    after: Match | None
    limit: int

    def page_json(self, items: Sequence[tuple[Post, Match]]) -> dict[str, Any]:
        """Return the page. `items` holds one match more than `limit` where the list goes on."""
        return page_json(
            items, limit=self.limit, list_name=_list_name(self.terms), position_of=_position_of, to_json=_found_json
        )


def parse_search_query(query: Query) -> SearchQuery:
    """Return what the query string asks for, or raise InvalidInput."""
    terms = query_terms(query.get("q"))
    last = parse_cursor(query, list_name=_list_name(terms), shape=MatchPosition)
    after = None if last is None else Match(relevance=last.relevance, post_id=last.post_id)
    return SearchQuery(terms, after, parse_limit(query))


def _found_json(found: tuple[Post, Match]) -> dict[str, Any]:
    post, match = found
    return {"post": post_json(post), "relevance": match.relevance}


def _position_of(found: tuple[Post, Match]) -> MatchPosition:
    _, match = found
    return MatchPosition(match.relevance, match.post_id)


def _list_name(terms: Sequence[str]) -> str:
    return f"search {' '.join(terms)}"
