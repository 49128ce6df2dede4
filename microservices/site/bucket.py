"""The site as it lies in S3, where everybody reads it, and a note beside it of what lies there, which nobody else reads.

| key | is |
|---|---|
| site/<name> | a file of the site |
| published.json | the name of each file → the id of its content in the repository; null while that is being changed |
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from shared_domain.site import content_type_of

Published = dict[str, str | None]

_NOTE = "published.json"
_MISSING = ("NoSuchKey", "AccessDenied")  # S3 says the second to who may not list the bucket


class SiteBucket:
    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name

    def published(self) -> Published:
        """Return what was noted last."""
        try:
            found = self._s3.get_object(Bucket=self._name, Key=_NOTE)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return {}
        return msgspec.json.decode(found["Body"].read(), type=Published)

    def note(self, published: Mapping[str, str | None]) -> None:
        """Note what lies in S3, or is about to."""
        content = msgspec.json.encode(published, order="sorted")
        self._s3.put_object(Bucket=self._name, Key=_NOTE, Body=content, ContentType="application/json")

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of the site."""
        self._s3.put_object(Bucket=self._name, Key=f"site/{name}", Body=content, ContentType=content_type_of(name))

    def remove(self, name: str) -> None:
        """Take a file of the site away, if it is there."""
        self._s3.delete_object(Bucket=self._name, Key=f"site/{name}")
