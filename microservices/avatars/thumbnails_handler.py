"""Composition root of avatars-thumbnails: what arrives in the bucket wakes it."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.avatars.store import S3Avatars
from microservices.avatars.thumbnails import make, object_of
from microservices.aws import client
from microservices.streams import handle_records, parking

_log = Logger()
_store = S3Avatars(client("s3"), os.environ["BUCKET"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Make the thumbnails that a notification asks for; the one that S3 sends to try the connection asks for none.

    Where S3 or the queue is away it raises, and Lambda comes again, twice at most: then the event goes to the queue of what
    could not be delivered.
    """
    records = event.get("Records", [])
    handle_records(records, partial(make, _store, park=_park), key=object_of, park=_park)
    _log.info("thumbnails", records=len(records))
