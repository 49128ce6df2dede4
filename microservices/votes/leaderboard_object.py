"""The leaderboard as it lies in S3: read for the API, written by the projection with its page for people."""

from functools import cached_property
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from microservices.aws import client
from shared_domain.errors import Conflict, Unavailable

LEADERBOARD_KEY = "leaderboard.json"
PAGE_KEY = "leaderboard.html"
_MISSING = ("NoSuchKey", "404", "AccessDenied", "403")  # S3 says the last two to who may not list the bucket
_OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict")  # S3 says the second while another is still writing

Tags = dict[str, str]  # an object's key → its entity tag, without an entry for what has not been written yet


class LeaderboardObject:
    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def read(self) -> dict[str, Any]:
        """Return the leaderboard as it was last written. Raise Unavailable until it has been written once."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=LEADERBOARD_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            raise Unavailable("the leaderboard is not there yet") from error
        board: dict[str, Any] = msgspec.json.decode(found["Body"].read())
        return board

    def tags(self) -> Tags:
        """Return what lies there now, to be replaced by `write`."""
        found = {key: self._tag(key) for key in (LEADERBOARD_KEY, PAGE_KEY)}
        return {key: tag for key, tag in found.items() if tag}

    def write(self, board: dict[str, Any], page: str, *, over: Tags) -> None:
        """Replace the leaderboard and its page. Raise Conflict if another lies there than the tags say."""
        try:
            self._put(LEADERBOARD_KEY, msgspec.json.encode(board), "application/json", over)
            self._put(PAGE_KEY, page.encode(), "text/html; charset=utf-8", over)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _OVERTAKEN:
                raise
            raise Conflict("another has written the leaderboard") from error

    def _tag(self, key: str) -> str | None:
        try:
            tag: str = self._s3.head_object(Bucket=self._bucket, Key=key)["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None
        return tag

    def _put(self, key: str, content: bytes, content_type: str, over: Tags) -> None:
        condition = {"IfMatch": over[key]} if key in over else {"IfNoneMatch": "*"}
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, **condition)

    @cached_property
    def _s3(self) -> Any:
        return client("s3")  # made when first needed: a cold start that only casts a vote does not pay for it
