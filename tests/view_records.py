"""Views as the stream brings them, for tests that deploy no stack."""

import base64
import json

from microservices.streams import Record
from microservices.trending import projection
from microservices.trending.windows import DynamoWindows
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View

SHARD = "shardId-000000000000"


def view_record(view: View, *, place: int, shard: str = SHARD) -> Record:
    """Return what the stream of views says of one, at a place in a shard."""
    told = json.dumps({"post_id": view.post_id, "at": to_rfc3339(view.at)})
    number = f"{place:056d}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": to_rfc3339(view.at),
            "sequenceNumber": number,
            "data": base64.b64encode(told.encode()).decode(),
            "approximateArrivalTimestamp": view.at.timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{number}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/views",
    }


def deliver(windows: DynamoWindows, records: list[Record]) -> None:
    """Do with a batch what the projection does."""
    for told in projection.group_by_window(map(projection.parse_view, records)):
        projection.count_views(windows, told)
