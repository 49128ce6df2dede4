"""Posts on the wire: the forms, the post and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from shared_domain import posts
from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query, build_decoder
from shared_domain.contract.times import to_rfc3339
from shared_domain.ids import ID
from shared_domain.posts import Filter, Post

PostId = Annotated[str, Meta(pattern=f"^{ID}$")]


@build_decoder
class NewPost(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    body: str
    tags: list[str] | UnsetType = UNSET


@build_decoder
class PostChanges(Struct, frozen=True, forbid_unknown_fields=True):
    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


def post_json(post: Post) -> dict[str, Any]:
    """Return the post as JSON."""
    return {
        "id": post.id,
        "author": post.author,
        "title": post.title,
        "body": post.body,
        "tags": list(post.tags),
        "score": post.score,
        "boosted_until": None if post.boosted_until is None else to_rfc3339(post.boosted_until),
        "created_at": to_rfc3339(post.created_at),
        "updated_at": to_rfc3339(post.updated_at),
    }


@dataclass(frozen=True, slots=True)
class PostsQuery:
    """A request for a page of a list of posts."""

    post_filter: Filter
    before: str | None
    limit: int

    def page_json(self, items: Sequence[Post]) -> dict[str, Any]:
        """Return the page as JSON. `items` must have one more than `limit` if the list continues."""
        return page_json(
            items,
            limit=self.limit,
            list_name=_list_name(self.post_filter),
            position_of=lambda post: post.id,
            to_json=post_json,
        )


def parse_posts_query(query: Query) -> PostsQuery:
    """Parse the query parameters. Raise InvalidInput naming the parameter."""
    post_filter = posts.make_filter(author=query.get("author"), tag=query.get("tag"))
    before = parse_cursor(query, list_name=_list_name(post_filter), shape=PostId)
    return PostsQuery(post_filter=post_filter, before=before, limit=parse_limit(query))


def _list_name(post_filter: Filter) -> str:
    return f"posts author={post_filter.author} tag={post_filter.tag}"
