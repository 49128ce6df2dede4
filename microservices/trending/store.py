"""Views in DynamoDB. Twin: monolith/trending/store.py. Written by windows.py.

    item       pk        sk                          attributes                       access
    window     windows   <minute>#<shard>#<part>     views: {post id: number}         ranking: Query of the last
                                                     sequence, expires_at             sixty minutes

Each request adds up the windows, so a view stops counting when its minute leaves the hour, even if no new view arrives.
A call reads a megabyte, about 30,000 pairs of minute and post; docs/decisions/0016 has the costs beyond that.
"""

from collections import Counter
from typing import Any

from microservices.dynamo import text
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import Span, Trend, rank_by_views

PARTITION = "windows"
_AFTER_HASH = "$"  # sorts after the # that follows the minute


class DynamoTrends:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        views: Counter[str] = Counter()
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :windows AND sk BETWEEN :first AND :last",
            ExpressionAttributeNames={"#views": "views"},
            ExpressionAttributeValues={
                ":windows": text(PARTITION),
                ":first": text(to_rfc3339(span.first)),
                ":last": text(to_rfc3339(span.last) + _AFTER_HASH),
            },
            ProjectionExpression="#views",
        )
        for page in pages:
            for window in page["Items"]:
                views.update({post_id: int(number["N"]) for post_id, number in window["views"]["M"].items()})
        return rank_by_views(views, limit)
