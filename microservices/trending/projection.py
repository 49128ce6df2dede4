"""Views become counts: what the stream of views tells goes into the windows.

The monolith has no such file: there, each process adds what it counted.
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


class Seen(msgspec.Struct, frozen=True):
    """A view as posts sends it."""

    post_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Told:
    """A view, the window that counts it, its place in its shard, and the record that told of it."""

    post_id: str
    window: WindowKey
    sequence: str
    record: Record


def parse_view(record: Record) -> Told:
    """Return the view that a record tells of. Raise what its reading raises where it tells of none."""
    seen = msgspec.json.decode(base64.b64decode(record["kinesis"]["data"]), type=Seen)
    post_id, minute = posts.require_valid_id(seen.post_id), window_of(times.from_rfc3339(seen.at))
    shard, _, number = record["eventID"].partition(":")
    key = WindowKey(minute, shard, part_of(post_id))
    return Told(post_id, key, number.zfill(_SEQUENCE_DIGITS), record)


def by_window(told: Iterable[Told]) -> list[list[Told]]:
    """Return the views in groups of one window each, in the order of the stream."""

    def place(each: Told) -> tuple[object, ...]:
        return each.window.minute, each.window.shard, each.window.part, each.sequence

    return [list(group) for _, group in groupby(sorted(told, key=place), lambda each: each.window)]


@retry_on_conflict
def count(windows: DynamoWindows, told: Sequence[Told]) -> int:
    """Count the views of one window that are not in it yet, and return how many they were: a read and a write."""
    key = told[0].window
    seen = windows.get(key)  # network
    fresh = {each.sequence: each.post_id for each in told if each.sequence > seen.sequence}
    if fresh:
        views = Counter(seen.views) + Counter(fresh.values())
        windows.put(key, Window(views=views, sequence=max(fresh)), seen=seen)  # network
    return len(fresh)
