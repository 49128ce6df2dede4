"""Posts: what a post is and who may change it. Twins: monolith/posts, microservices/posts."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from shared_domain.errors import InvalidInput, NotAllowed, NotFound, OutOfDate
from shared_domain.ids import ID
from shared_domain.text import clean

_ID = re.compile(ID)
_TAG = re.compile(r"[a-z0-9-]{1,30}")
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')
_AUTHOR = re.compile(r"[a-z0-9_]{3,30}")
MAX_TAGS = 5
NO_MATCH = ""  # an author and a tag that no post has


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    id: str
    author: str
    title: str
    body: str
    tags: tuple[str, ...]
    score: int
    boosted_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """The posts of a list: all, one author's, or those with one tag."""

    author: str | None = None
    tag: str | None = None


def compose(*, id: str, author: str, title: str, body: str, tags: Sequence[str] = (), now: datetime) -> Post:
    """Return a new post. Raise InvalidInput naming the field."""
    return Post(
        id=id,
        author=author,
        title=_validate_title(title),
        body=clean("body", body, min_length=1, max_length=10_000),
        tags=_validate_tags(tags),
        score=0,
        boosted_until=None,
        created_at=now,
        updated_at=now,
    )


def revise(
    post: Post,
    *,
    editor: str,
    title: str | None = None,
    body: str | None = None,
    tags: Sequence[str] | None = None,
    if_match: str | None = None,
    now: datetime,
) -> Post:
    """Return the revised post. Raise NotAllowed unless the editor is its author, OutOfDate if `if_match` does not match."""
    _require_author(post, editor)
    if if_match is not None and not _matches(if_match, etag(post)):
        raise OutOfDate("the post does not match If-Match")
    revised = replace(
        post,
        title=post.title if title is None else _validate_title(title),
        body=post.body if body is None else clean("body", body, min_length=1, max_length=10_000),
        tags=post.tags if tags is None else _validate_tags(tags),
    )
    return post if revised == post else replace(revised, updated_at=now)


def withdraw(post: Post, *, editor: str) -> Post:
    """Return the post to delete. Raise NotAllowed unless the editor is its author."""
    _require_author(post, editor)
    return post


def extend_boost(post: Post, *, days: int, now: datetime) -> datetime:
    """Return when the boost ends after adding days. They are added to the current boost, or to now if there is none."""
    return max(now, post.boosted_until or now) + timedelta(days=days)


def etag(post: Post) -> str:
    """Return the strong entity tag (RFC 9110, 8.8.3) of the fields that a revision changes: title, body and tags."""
    content = json.dumps([post.title, post.body, post.tags], ensure_ascii=False)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:24]}"'


def require_valid_id(post_id: str) -> str:
    """Return the id. Raise NotFound if no post can have it, so malformed ids never reach the store."""
    if not is_valid_id(post_id):
        raise NotFound("there is no such post")
    return post_id


def is_valid_id(post_id: str) -> bool:
    """Return whether a post can have the id."""
    return _ID.fullmatch(post_id) is not None


def make_filter(*, author: str | None, tag: str | None) -> Filter:
    """Return the filter. A malformed author or tag matches no post. Raise InvalidInput if both are set."""
    if author is not None and tag is not None:
        raise InvalidInput("tag", "cannot be combined with author")
    return Filter(
        author=author if author is None or _AUTHOR.fullmatch(author) else NO_MATCH,
        tag=tag if tag is None or _TAG.fullmatch(tag) else NO_MATCH,
    )


def _require_author(post: Post, editor: str) -> None:
    if editor != post.author:
        raise NotAllowed("only the author may change a post")


def _validate_title(title: str) -> str:
    title = clean("title", title, min_length=1, max_length=200)
    if not title.strip():
        raise InvalidInput("title", "must not be blank")
    return title


def _validate_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > MAX_TAGS:
        raise InvalidInput("tags", f"must be at most {MAX_TAGS} tags")
    for position, tag in enumerate(tags):
        if not _TAG.fullmatch(tag):
            raise InvalidInput(f"tags[{position}]", "must be 1 to 30 characters of a-z, 0-9 and -")
    if len(set(tags)) < len(tags):
        raise InvalidInput("tags", "must not repeat a tag")
    return tuple(tags)


def _matches(if_match: str, current: str) -> bool:
    """Compare strongly (RFC 9110, 13.1.1): a weak tag never matches."""
    return if_match.strip() == "*" or current in _ENTITY_TAG.findall(if_match)


class PostStore(Protocol):
    """The methods that the stores of both sides share. `save` and `remove` differ: see OptimisticPostStore."""

    def add(self, post: Post) -> None:
        """Insert a new post."""

    def get(self, post_id: str) -> Post:
        """Return the post. Raise NotFound if there is none."""

    def page(self, post_filter: Filter, *, before: str | None, limit: int) -> list[Post]:
        """Return at most `limit` posts, newest first, older than the post `before`."""


class OptimisticPostStore(PostStore, Protocol):
    """A store without locks: each change is conditional on what was read. The monolith locks rows instead (decision 24)."""

    def save(self, post: Post, *, seen: Post) -> None:
        """Replace title, body and tags. Raise Conflict if they have changed since `seen` was read, or the post is gone."""

    def remove(self, seen: Post) -> None:
        """Delete the post. Raise Conflict if title, body or tags have changed since `seen` was read, or the post is gone."""
