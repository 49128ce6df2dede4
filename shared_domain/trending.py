"""Trending: what a view is, and which posts were viewed most of late. Twins: monolith/trending, microservices/trending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Protocol

WINDOW = timedelta(minutes=1)
WINDOWS = 60  # the one that runs, and those before it

Counts = Mapping[tuple[datetime, str], int]  # (window, post id) → views


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Somebody read a post."""

    post_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A post and how often it was viewed in the windows that count."""

    post_id: str
    views: int


@dataclass(frozen=True, slots=True)
class Span:
    """The windows that count, named by the first and the last of them."""

    first: datetime
    last: datetime


def window_of(moment: datetime) -> datetime:
    """Return the window that a moment lies in, as its beginning."""
    return moment.replace(second=0, microsecond=0)


def last_hour(now: datetime) -> Span:
    """Return the sixty windows of which `now` lies in the last."""
    return Span(window_of(now) - (WINDOWS - 1) * WINDOW, window_of(now))


def rank_by_views(views: Mapping[str, int], limit: int) -> list[Trend]:
    """Return the first `limit` posts of those viewed, in the order of the ranking."""
    trends = (Trend(post_id=post_id, views=number) for post_id, number in views.items())
    return nsmallest(limit, trends, key=trend_order)


def trend_order(trend: Trend) -> tuple[int, str]:
    """Return the sort key of the ranking: more views first, then the older post (ids sort by creation)."""
    return -trend.views, trend.post_id


class TrendStore(Protocol):
    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        """Return the first `limit` posts by their views in the span's windows, in the order of the ranking."""
