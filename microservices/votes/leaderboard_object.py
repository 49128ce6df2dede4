"""The leaderboard as two objects in S3: JSON that the API returns, and the page that browsers show."""

from functools import cached_property
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from microservices.aws import client
from shared_domain.errors import Conflict, Unavailable

LEADERBOARD_KEY = "leaderboard.json"
PAGE_KEY = "leaderboard.html"
_MISSING_CODES = ("NoSuchKey", "404", "AccessDenied", "403")  # the last two without the permission to list the bucket
_CONFLICT_CODES = ("PreconditionFailed", "ConditionalRequestConflict")  # the second while another write is in progress

ETags = dict[str, str]  # an object's key → its entity tag; no entry for an object that does not exist


class LeaderboardObject:
    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def read(self) -> dict[str, Any]:
        """Return the last leaderboard that was written. Raise Unavailable if there is none."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=LEADERBOARD_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING_CODES:
                raise
            raise Unavailable("the leaderboard was not written yet") from error
        leaderboard: dict[str, Any] = msgspec.json.decode(found["Body"].read())
        return leaderboard

    def get_etags(self) -> ETags:
        """Return the entity tags of both objects, for `write` to replace exactly these versions."""
        etags = {key: self._get_etag(key) for key in (LEADERBOARD_KEY, PAGE_KEY)}
        return {key: etag for key, etag in etags.items() if etag}

    def write(self, leaderboard: dict[str, Any], page: str, *, if_match: ETags) -> None:
        """Replace the leaderboard and its page. Raise Conflict if an object no longer has the given entity tag."""
        try:
            self._put(LEADERBOARD_KEY, msgspec.json.encode(leaderboard), "application/json", if_match)
            self._put(PAGE_KEY, page.encode(), "text/html; charset=utf-8", if_match)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CONFLICT_CODES:
                raise
            raise Conflict("another function has written the leaderboard") from error

    def _get_etag(self, key: str) -> str | None:
        try:
            etag: str = self._s3.head_object(Bucket=self._bucket, Key=key)["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING_CODES:
                raise
            return None
        return etag

    def _put(self, key: str, content: bytes, content_type: str, if_match: ETags) -> None:
        condition = {"IfMatch": if_match[key]} if key in if_match else {"IfNoneMatch": "*"}
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, **condition)

    @cached_property
    def _s3(self) -> Any:
        return client("s3")  # created on first use, because it would slow a cold start that only casts a vote
