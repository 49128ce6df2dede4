"""Composition root of search-projection: the posts table's stream wakes it."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.search.projection import index
from microservices.search.writer import IndexWriter
from microservices.streams import handle_records, item_key, parking

_log = Logger()
_writer = IndexWriter(client("dynamodb"), os.environ["TABLE"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Bring a batch of posts into the index."""
    handle_records(event["Records"], partial(index, _writer, now=now), key=item_key, park=_park)
    _log.info("index", records=len(event["Records"]))
    return {"batchItemFailures": []}
