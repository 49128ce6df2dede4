"""Posts on the wire: publishing, revising, and where a page of them ends."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from shared_domain.contract.times import written
from shared_domain.posts import ID, Filter, Post

PostId = Annotated[str, Meta(pattern=f"^{ID}$")]


class NewPost(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    body: str
    tags: list[str] | UnsetType = UNSET


class PostChanges(Struct, frozen=True, forbid_unknown_fields=True):
    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


def post_json(post: Post) -> dict[str, Any]:
    """Return the post as everybody sees it."""
    return {
        "id": post.id,
        "author": post.author,
        "title": post.title,
        "body": post.body,
        "tags": list(post.tags),
        "score": post.score,
        "boosted_until": None if post.boosted_until is None else written(post.boosted_until),
        "created_at": written(post.created_at),
        "updated_at": written(post.updated_at),
    }


def list_name(chosen: Filter) -> str:
    """Return the name that cursors of this list are bound to."""
    return f"posts author={chosen.author} tag={chosen.tag}"


def position_of(post: Post) -> str:
    """Return where a page that ends with this post goes on: ids sort by creation."""
    return post.id
