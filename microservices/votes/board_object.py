"""The leaderboard as it lies in S3: read for the API, written by the projection with its page for people."""

from functools import cached_property
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from microservices.aws import client
from shared_domain.errors import Unavailable

BOARD_KEY = "leaderboard.json"
PAGE_KEY = "leaderboard.html"
_MISSING = ("NoSuchKey", "AccessDenied")  # S3 says the second to who may not list the bucket


class BoardObject:
    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def read(self) -> dict[str, Any]:
        """Return the leaderboard as it was last written. Raise Unavailable until it has been written once."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=BOARD_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            raise Unavailable("the leaderboard is not there yet") from error
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
