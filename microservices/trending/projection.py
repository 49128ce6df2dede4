"""Count views from the stream of views into windows of one minute.

The monolith has no such file: each process writes its own counts.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec

from microservices.conflicts import retry_on_conflict
from microservices.streams import Record
from microservices.trending.windows import DynamoWindows, Window, WindowKey, part_of
from shared_domain import posts
from shared_domain.contract import times
from shared_domain.trending import window_of

_SEQUENCE_DIGITS = 60  # a sequence number of Kinesis has 56


class ViewData(msgspec.Struct, frozen=True):
    """A view as the posts service sends it."""

    post_id: str
    at: str


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """A view, the window that counts it, its sequence number in its shard, and the record that it was read from."""

    post_id: str
    window: WindowKey
    sequence: str
    record: Record


def parse_view(record: Record) -> ViewRecord:
    """Return the view of a stream record. Any error that it raises means that the record is malformed."""
    data = msgspec.json.decode(base64.b64decode(record["kinesis"]["data"]), type=ViewData)
    post_id, minute = posts.require_valid_id(data.post_id), window_of(times.from_rfc3339(data.at))
    shard, _, number = record["eventID"].partition(":")
    key = WindowKey(minute, shard, part_of(post_id))
    return ViewRecord(post_id, key, number.zfill(_SEQUENCE_DIGITS), record)


def group_by_window(views: Iterable[ViewRecord]) -> list[list[ViewRecord]]:
    """Return the views in one group per window, each in the order of the stream."""

    def position(view: ViewRecord) -> tuple[object, ...]:
        return view.window.minute, view.window.shard, view.window.part, view.sequence

    return [list(group) for _, group in groupby(sorted(views, key=position), lambda view: view.window)]


@retry_on_conflict
def count_views(windows: DynamoWindows, views: Sequence[ViewRecord]) -> int:
    """Add the views to their window, except those already included. Return their number. It takes one read and one write."""
    key = views[0].window
    seen = windows.get(key)  # network
    fresh = {view.sequence: view.post_id for view in views if view.sequence > seen.sequence}
    if fresh:
        counts = Counter(seen.views) + Counter(fresh.values())
        windows.put(key, Window(views=counts, sequence=max(fresh)), seen=seen)  # network
    return len(fresh)
