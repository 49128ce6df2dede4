"""Search on the wire: the query, the results and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query, build_decoder
from shared_domain.contract.posts import PostId, post_json
from shared_domain.posts import Post
from shared_domain.search import Match, parse_terms


@build_decoder
class MatchPosition(Struct, array_like=True, frozen=True):
    """The last match of a page, as its cursor stores it."""

    relevance: Annotated[int, Meta(ge=0, le=1000)]
    post_id: PostId


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A request for a page of search results."""

    terms: list[str]
    after: Match | None
    limit: int

    def page_json(self, items: Sequence[tuple[Post, Match]]) -> dict[str, Any]:
        """Return the page as JSON. `items` must have one more than `limit` if the list continues."""
        return page_json(
            items, limit=self.limit, list_name=_list_name(self.terms), position_of=_position_of, to_json=_result_json
        )


def parse_search_query(query: Query) -> SearchQuery:
    """Parse the query parameters. Raise InvalidInput naming the parameter."""
    terms = parse_terms(query.get("q"))
    last = parse_cursor(query, list_name=_list_name(terms), shape=MatchPosition)
    after = None if last is None else Match(relevance=last.relevance, post_id=last.post_id)
    return SearchQuery(terms, after, parse_limit(query))


def _result_json(result: tuple[Post, Match]) -> dict[str, Any]:
    post, match = result
    return {"post": post_json(post), "relevance": match.relevance}


def _position_of(result: tuple[Post, Match]) -> MatchPosition:
    _, match = result
    return MatchPosition(match.relevance, match.post_id)


def _list_name(terms: Sequence[str]) -> str:
    return f"search {' '.join(terms)}"
