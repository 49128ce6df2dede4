"""Posts tells all services: what the table's stream says of a post becomes an event on the topic.

The monolith has no such file: there, what other services keep of a post changes in its transaction.
"""

from typing import Any

from microservices.events import Publish
from microservices.post_item import is_post
from microservices.streams import Record

_KINDS = {"INSERT": "post.published", "MODIFY": "post.revised", "REMOVE": "post.withdrawn"}
_REVISED = ("title", "body", "tags")
_IMAGES = ("OldImage", "NewImage")


def tell(publish: Publish, record: Record) -> bool:
    """Publish what a record tells of a post; return whether it is news. A new score or boost is none: who caused it knows.

    The event has the record's own form, so that who hears it may as well read the stream: its name, keys, place and images.
    """
    if not is_post(record["dynamodb"]["Keys"]) or not _is_news(record):
        return False
    event = {"eventName": record["eventName"], "dynamodb": _told(record["dynamodb"])}
    publish(_KINDS[record["eventName"]], event)  # network
    return True


def _is_news(record: Record) -> bool:
    if record["eventName"] != "MODIFY":
        return True
    old, new = (record["dynamodb"][name] for name in _IMAGES)
    return any(old.get(field) != new.get(field) for field in _REVISED)


def _told(images: dict[str, Any]) -> dict[str, Any]:
    """Return what goes out: no body, which nobody shows, and which could be half of the 256 KB that a message holds."""
    told = {name: _without_body(images[name]) for name in _IMAGES if name in images}
    return {"Keys": images["Keys"], "SequenceNumber": images["SequenceNumber"], **told}


def _without_body(image: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != "body"}
