"""Trending: the most viewed posts of the last hour. Twins: monolith/trending, microservices/trending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Protocol

WINDOW = timedelta(minutes=1)
WINDOWS = 60  # the current window and the 59 before it

Counts = Mapping[tuple[datetime, str], int]  # (window, post id) → views


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A read of a post."""

    post_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A post and its number of views in a span of windows."""

    post_id: str
    views: int


@dataclass(frozen=True, slots=True)
class Span:
    """A span of windows, as the start times of the first and the last window."""

    first: datetime
    last: datetime


def window_of(moment: datetime) -> datetime:
    """Return the start of the window that contains the moment."""
    return moment.replace(second=0, microsecond=0)


def last_hour(now: datetime) -> Span:
    """Return the span of 60 windows whose last one contains `now`."""
    return Span(window_of(now) - (WINDOWS - 1) * WINDOW, window_of(now))


def rank_by_views(views: Mapping[str, int], limit: int) -> list[Trend]:
    """Return the `limit` most viewed posts in the order of the ranking."""
    trends = (Trend(post_id=post_id, views=number) for post_id, number in views.items())
    return nsmallest(limit, trends, key=trend_order)


def trend_order(trend: Trend) -> tuple[int, str]:
    """Return the sort key of the ranking: more views first, then the older post, because ids sort by creation."""
    return -trend.views, trend.post_id


class TrendStore(Protocol):
    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        """Return the `limit` most viewed posts of the span in the order of the ranking."""
