"""Composition root of avatars-thumbnails: triggered by a new object in the bucket."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.avatars.store import S3Avatars
from microservices.avatars.thumbnails import make_thumbnail, object_key
from microservices.aws import client
from microservices.request_ids import with_request_id
from microservices.streams import handle_records, make_parking

_log = Logger()
_store = S3Avatars(client("s3"), os.environ["BUCKET"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Make the thumbnails of a notification. S3 also sends a test notification, which has no records.

    Raise if S3 or the queue is unavailable: Lambda then invokes the function again, at most twice, and after that sends the
    event to the failure destination, the queue `undelivered`.
    """
    records = event.get("Records", [])
    handle_records(records, partial(make_thumbnail, _store, park=_park), key=object_key, park=_park)
    _log.info("thumbnails", records=len(records))
