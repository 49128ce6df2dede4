"""Composition root of search-projection: the posts table's stream wakes it."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.search.projection import index
from microservices.search.store import DynamoIndex
from microservices.streams import parking, settle

_log = Logger()
_store = DynamoIndex(client("dynamodb"), os.environ["TABLE"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Bring a batch of posts into the index."""
    settle(event["Records"], partial(index, _store, now=now), park=_park)
    _log.info("index", records=len(event["Records"]))
    return {"batchItemFailures": []}
