"""Publish changes of posts, from the table's stream, as events to the topic.

The monolith has no such file: its other modules read and write the posts table in the same transaction.
"""

from typing import Any

from microservices.events import Publish
from microservices.post_item import is_post
from microservices.streams import Record

_EVENT_TYPES = {"INSERT": "post.published", "MODIFY": "post.revised", "REMOVE": "post.withdrawn"}
_REVISABLE = ("title", "body", "tags")
_IMAGES = ("OldImage", "NewImage")


def relay_record(publish: Publish, record: Record) -> bool:
    """Publish the change of a post as an event; return whether an event was published.

    A new score or boost is not published: the service that caused it has published its own event.
    The event has the form of the stream's record, so that one parser reads both: event name, keys, sequence number, images.
    """
    if not is_post(record["dynamodb"]["Keys"]) or not _is_relevant(record):
        return False
    event = {"eventName": record["eventName"], "dynamodb": _event_images(record["dynamodb"])}
    publish(_EVENT_TYPES[record["eventName"]], event)  # network
    return True


def _is_relevant(record: Record) -> bool:
    if record["eventName"] != "MODIFY":
        return True
    old, new = (record["dynamodb"][name] for name in _IMAGES)
    return any(old.get(field) != new.get(field) for field in _REVISABLE)


def _event_images(images: dict[str, Any]) -> dict[str, Any]:
    """Return the images without the body: no subscriber reads it, and it could take half of a message's 256 KB."""
    without_bodies = {name: _without_body(images[name]) for name in _IMAGES if name in images}
    return {"Keys": images["Keys"], "SequenceNumber": images["SequenceNumber"], **without_bodies}


def _without_body(image: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != "body"}
