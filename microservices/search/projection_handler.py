"""Composition root of search-projection: triggered by the posts table's stream."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.clock import now
from microservices.request_ids import with_request_id
from microservices.search.projection import apply_record, read_entries
from microservices.search.writer import IndexWriter
from microservices.streams import handle_records, item_key, make_parking

_log = Logger()
_writer = IndexWriter(client("dynamodb"), os.environ["TABLE"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Apply a batch of changed posts to the index, the newest record of a post first.

    Its older records are then ignored, so that a loop of edits of one post delays the others by one write for each batch.
    """
    entries = read_entries(_writer, event["Records"])
    newest_first = event["Records"][::-1]
    handle_records(newest_first, partial(apply_record, _writer, entries=entries, now=now), key=item_key, park=_park)
    _log.info("index", records=len(event["Records"]))
    return {"batchItemFailures": []}
