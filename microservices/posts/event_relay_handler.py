"""Composition root of posts-event-relay: triggered by the posts table's stream."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.events import make_publisher
from microservices.posts.event_relay import relay_record
from microservices.request_ids import with_request_id
from microservices.streams import handle_records, item_key, make_parking

_log = Logger()
_publish = make_publisher(client("sns"), os.environ["EVENTS_TOPIC"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Publish a batch of the stream, one event per changed post."""
    published = handle_records(event["Records"], partial(relay_record, _publish), key=item_key, park=_park)
    _log.info("event relay", records=len(event["Records"]), published=sum(published))
    return {"batchItemFailures": []}
