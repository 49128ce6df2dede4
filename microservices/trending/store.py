"""Views in DynamoDB. Twin: monolith/trending/store.py. Written by windows.py.

    item       pk        sk                          attributes                       access
    window     windows   <minute>#<shard>#<part>     views: {post id: number}         ranking: one Query from the first
                                                     sequence, expires_at             minute that counts to the last

The ranking is added up when it is asked for, so a view stops counting as its minute passes, though nothing new comes. A call
reads a megabyte, some 30,000 pairs of minute and post; what it costs where there are more is in docs/decisions/0016.
"""

from collections import Counter
from typing import Any

from microservices.dynamo import text
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import Span, Trend, rank_by_views

WINDOWS = "windows"
_BEYOND = "$"  # sorts after the # that a minute ends with


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
                ":windows": text(WINDOWS),
                ":first": text(to_rfc3339(span.first)),
                ":last": text(to_rfc3339(span.last) + _BEYOND),
            },
            ProjectionExpression="#views",
        )
        for page in pages:
            for window in page["Items"]:
                views.update({post_id: int(number["N"]) for post_id, number in window["views"]["M"].items()})
        return rank_by_views(views, limit)
