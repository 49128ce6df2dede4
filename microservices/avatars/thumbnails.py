"""Make the thumbnail of a picture that was uploaded to the bucket. Twin: monolith/avatars/thumbnails.py."""

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
def make_thumbnail(store: S3Avatars, record: Record, *, park: Callable[[Record, str], None]) -> None:
    """Write the thumbnail of the record's picture and delete the picture. If the picture is unusable, park the record.

    Ignore records of other objects, and repeated records: their picture is already deleted.
    """
    original = _ORIGINAL.fullmatch(unquote_plus(record["s3"]["object"]["key"]))
    if original is None or not record["eventName"].startswith("ObjectCreated:"):
        return
    try:
        upload = store.get_original(original["username"], original["id"])  # network
    except NotFound:
        return
    try:
        small = thumbnail(upload.picture)
        store.show(upload.username, small, upload=upload.id)  # network: conditional, the newer upload wins
    except UnusablePicture as error:
        park(record, str(error))  # network
    store.remove_original(upload)  # network: last, so that after a crash the record can be handled again


def object_key(record: Record) -> str:
    """Return the key of the record's object. Raise KeyError or TypeError for a malformed record."""
    return str(record["s3"]["object"]["key"])
