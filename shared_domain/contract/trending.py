"""Trending on the wire: which requests count as views, and the ranking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import Trend


def is_view(sec_purpose: str | None) -> bool:
    """Return whether a read counts as a view, given its Sec-Purpose header. A prefetch (Fetch standard, 2.2.5) does not."""
    return (sec_purpose or "").partition(";")[0].strip() != "prefetch"


def trending_json(trends: Sequence[Trend], *, as_of: datetime) -> dict[str, Any]:
    """Return the ranking as JSON: the trends in its order, and the time of its data."""
    return {
        "items": [
            {"rank": rank, "post_id": trend.post_id, "views": trend.views} for rank, trend in enumerate(trends, start=1)
        ],
        "as_of": to_rfc3339(as_of),
    }
