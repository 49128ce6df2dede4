"""Composition root of posts-event-relay: the posts table's stream wakes it."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.events import publishing
from microservices.posts.event_relay import tell
from microservices.streams import handle_records, item_key, parking

_log = Logger()
_publish = publishing(client("sns"), os.environ["EVENTS_TOPIC"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Publish what a batch of the stream tells, one event a record."""
    told = handle_records(event["Records"], partial(tell, _publish), key=item_key, park=_park)
    _log.info("event relay", records=len(event["Records"]), published=sum(told))
    return {"batchItemFailures": []}
