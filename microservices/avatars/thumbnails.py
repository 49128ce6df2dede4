"""Thumbnails: a picture that arrives in the bucket wakes this. Twin: monolith/avatars/thumbnails.py."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from microservices.avatars.store import S3Avatars
from microservices.conflicts import retry_on_conflict
from shared_domain.avatars import UnusablePicture, thumbnail
from shared_domain.errors import NotFound

Record = dict[str, Any]

_ORIGINAL = re.compile(r"originals/(?P<username>[a-z0-9_]+)/(?P<id>[0-9A-Z]+)")


@retry_on_conflict
def make(store: S3Avatars, record: Record, *, park: Callable[[Record, str], None]) -> None:
    """Show the thumbnail of the picture that a record tells of, and remove the picture. One without use is parked in words alone.

    Told again, or told of what is no original, it does nothing.
    """
    told = _ORIGINAL.fullmatch(unquote_plus(record["s3"]["object"]["key"]))
    if told is None or not record["eventName"].startswith("ObjectCreated:"):
        return
    try:
        upload = store.original(told["username"], told["id"])  # network
    except NotFound:
        return
    try:
        small = thumbnail(upload.picture)
        store.show(upload.username, small, upload=upload.id)  # network: conditional, the newer stays
    except UnusablePicture as error:
        park(record, str(error))  # network
    store.forget(upload)  # network: last, so that a crash before it only has all of this done again


def object_of(record: Record) -> str:
    """Return what tells the object of a record from others. Raise what reading it raises for a record that says of none."""
    return str(record["s3"]["object"]["key"])
