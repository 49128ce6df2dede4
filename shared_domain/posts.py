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
NOTHING = ""  # no author and no tag


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
    """Which posts a list shows: all, one author's, or those with one tag."""

    author: str | None = None
    tag: str | None = None


def compose(*, id: str, author: str, title: str, body: str, tags: Sequence[str] = (), now: datetime) -> Post:
    """Return a new post, or raise InvalidInput naming the field."""
    return Post(
        id=id,
        author=author,
        title=_titled(title),
        body=clean("body", body, min_length=1, max_length=10_000),
        tags=_tagged(tags),
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
    """Return the post as its author changes it: NotAllowed for anybody else, OutOfDate if `if_match` names another state."""
    _owned(post, editor)
    if if_match is not None and not _matches(if_match, etag(post)):
        raise OutOfDate("the post is no longer as If-Match says")
    revised = replace(
        post,
        title=post.title if title is None else _titled(title),
        body=post.body if body is None else clean("body", body, min_length=1, max_length=10_000),
        tags=post.tags if tags is None else _tagged(tags),
    )
    return post if revised == post else replace(revised, updated_at=now)


def withdraw(post: Post, *, editor: str) -> Post:
    """Return the post that its author takes back; anybody else is NotAllowed."""
    _owned(post, editor)
    return post


def boosted_until(post: Post, *, days: int, now: datetime) -> datetime:
    """Return until when so many days more boost the post: they count from now where no boost lasts till then."""
    return max(now, post.boosted_until or now) + timedelta(days=days)


def etag(post: Post) -> str:
    """Return the strong entity tag (RFC 9110, 8.8.3) of what a revision can change: title, body and tags, not the score."""
    content = json.dumps([post.title, post.body, post.tags], ensure_ascii=False)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:24]}"'


def require_valid_id(post_id: str) -> str:
    """Return the id, or raise NotFound if no post can have it: no store is asked for a hostile string."""
    if not is_valid_id(post_id):
        raise NotFound("there is no such post")
    return post_id


def is_valid_id(post_id: str) -> bool:
    """Tell whether a post can have the id."""
    return _ID.fullmatch(post_id) is not None


def make_filter(*, author: str | None, tag: str | None) -> Filter:
    """Return which list is meant: an empty one for what nobody can be called. Raise InvalidInput if both filters are given."""
    if author is not None and tag is not None:
        raise InvalidInput("tag", "cannot be combined with author")
    return Filter(
        author=author if author is None or _AUTHOR.fullmatch(author) else NOTHING,
        tag=tag if tag is None or _TAG.fullmatch(tag) else NOTHING,
    )


def _owned(post: Post, editor: str) -> None:
    if editor != post.author:
        raise NotAllowed("only the author changes a post")


def _titled(title: str) -> str:
    title = clean("title", title, min_length=1, max_length=200)
    if not title.strip():
        raise InvalidInput("title", "must not be blank")
    return title


def _tagged(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > MAX_TAGS:
        raise InvalidInput("tags", f"must be at most {MAX_TAGS}")
    for place, tag in enumerate(tags):
        if not _TAG.fullmatch(tag):
            raise InvalidInput(f"tags[{place}]", "must be 1 to 30 of a-z, 0-9 and -")
    if len(set(tags)) < len(tags):
        raise InvalidInput("tags", "must not repeat a tag")
    return tuple(tags)


def _matches(if_match: str, current: str) -> bool:
    """Strong comparison (RFC 9110, 13.1.1): a weak tag never matches."""
    return if_match.strip() == "*" or current in _ENTITY_TAG.findall(if_match)


class PostStore(Protocol):
    """What every store of posts promises. How a change is kept from overwriting another differs: see OptimisticPostStore."""

    def add(self, post: Post) -> None:
        """Insert a new post."""

    def get(self, post_id: str) -> Post:
        """Return the post. Raise NotFound if there is none."""

    def page(self, wanted: Filter, *, before: str | None, limit: int) -> list[Post]:
        """Return at most `limit` posts, newest first, older than the post `before`."""


class OptimisticPostStore(PostStore, Protocol):
    """A store that locks nothing, so that each change is conditional on what was read. The monolith locks rows instead."""

    def save(self, post: Post, *, seen: Post) -> None:
        """Replace title, body and tags. Raise Conflict if they have changed since `seen` was read, or the post is gone."""

    def remove(self, seen: Post) -> None:
        """Delete the post. Raise Conflict if title, body or tags have changed since `seen` was read, or the post is gone."""
