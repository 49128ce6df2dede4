"""Trending on the wire: which reads are views, and the ranking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import Trend


def is_view(sec_purpose: str | None) -> bool:
    """Tell whether a read is somebody's view, given its header Sec-Purpose: a prefetch (Fetch standard, 2.2.5) is none."""
    return (sec_purpose or "").partition(";")[0].strip() != "prefetch"


def trending_json(trends: Sequence[Trend], *, as_of: datetime) -> dict[str, Any]:
    """Return the ranking: `trends` in its order, the moment that its last window was looked at."""
    return {
        "items": [
            {"rank": rank, "post_id": trend.post_id, "views": trend.views} for rank, trend in enumerate(trends, start=1)
        ],
        "as_of": to_rfc3339(as_of),
    }
