"""Records of the stream of views, for tests without a deployment."""

import base64
import json

from microservices.streams import Record
from microservices.trending import projection
from microservices.trending.windows import DynamoWindows
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View

SHARD = "shardId-000000000000"


def view_record(view: View, *, place: int, shard: str = SHARD) -> Record:
    """Return the Kinesis record of a view, at a position in a shard."""
    group = json.dumps({"post_id": view.post_id, "at": to_rfc3339(view.at)})
    number = f"{place:056d}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": to_rfc3339(view.at),
            "sequenceNumber": number,
            "data": base64.b64encode(group.encode()).decode(),
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
    """Count a batch of records as the projection does."""
    for group in projection.group_by_window(map(projection.parse_view, records)):
        projection.count_views(windows, group)
