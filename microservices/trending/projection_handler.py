"""Composition root of trending-projection: the stream of views wakes it."""

import os
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.streams import handle_records, parking
from microservices.trending.projection import Told, by_window, count, parse_view
from microservices.trending.windows import DynamoWindows, WindowKey

_log = Logger()
_windows = DynamoWindows(client("dynamodb"), os.environ["TABLE"])
_park = parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch of views."""
    told = handle_records(event["Records"], parse_view, key=_place_of, park=_park)
    fresh = handle_records(by_window(told), partial(count, _windows), key=_window_of, park=_park_all)
    _log.info("views", records=len(event["Records"]), fresh=sum(fresh))
    return {"batchItemFailures": []}


def _place_of(record: dict[str, Any]) -> Hashable:
    place: str = record["eventID"]
    return place


def _window_of(told: Sequence[Told]) -> WindowKey:
    return told[0].window


def _park_all(told: Sequence[Told], reason: str) -> None:
    for each in told:
        _park(each.record, reason)
