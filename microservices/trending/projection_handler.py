"""Composition root of trending-projection: triggered by the stream of views."""

import os
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.request_ids import with_request_id
from microservices.streams import handle_records, make_parking
from microservices.trending.projection import ViewRecord, count_views, group_by_window, parse_view
from microservices.trending.windows import DynamoWindows, WindowKey

_log = Logger()
_windows = DynamoWindows(client("dynamodb"), os.environ["TABLE"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch of views."""
    views = handle_records(event["Records"], parse_view, key=_event_id, park=_park)
    fresh = handle_records(group_by_window(views), partial(count_views, _windows), key=_window_of, park=_park_all)
    _log.info("views", records=len(event["Records"]), fresh=sum(fresh))
    return {"batchItemFailures": []}


def _event_id(record: dict[str, Any]) -> Hashable:
    event_id: str = record["eventID"]
    return event_id


def _window_of(views: Sequence[ViewRecord]) -> WindowKey:
    return views[0].window


def _park_all(views: Sequence[ViewRecord], reason: str) -> None:
    for view in views:
        _park(view.record, reason)
