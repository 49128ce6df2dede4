"""The leaderboard as it lies in S3: read for the API, written by the projection with its page for people."""

from functools import cached_property
from typing import Any

import msgspec

from microservices.aws import client

BOARD_KEY = "leaderboard.json"
PAGE_KEY = "leaderboard.html"


class BoardObject:
    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def read(self) -> dict[str, Any]:
        """Return the leaderboard as it was last written."""
        found = self._s3.get_object(Bucket=self._bucket, Key=BOARD_KEY)
        board: dict[str, Any] = msgspec.json.decode(found["Body"].read())
        return board

    def write(self, board: dict[str, Any], page: str) -> None:
        """Replace the leaderboard and its page."""
        self._put(BOARD_KEY, msgspec.json.encode(board), "application/json")
        self._put(PAGE_KEY, page.encode(), "text/html; charset=utf-8")

    def _put(self, key: str, content: bytes, content_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)

    @cached_property
    def _s3(self) -> Any:
        return client("s3")  # made when first needed: a cold start that only casts a vote does not pay for it
