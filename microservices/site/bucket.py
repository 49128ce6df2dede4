"""The site's files in S3, readable by everybody, and a private manifest of what was published.

| key | is |
|---|---|
| site/<name> | a file of the site |
| published.json | the manifest: file name → id of its content in the repository; null while that file is being written |
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from shared_domain.site import content_type_of

Manifest = dict[str, str | None]

_MANIFEST_KEY = "published.json"
_MISSING_CODES = ("NoSuchKey", "AccessDenied")  # the second without the permission to list the bucket


class SiteBucket:
    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name

    def read_manifest(self) -> Manifest:
        """Return the last manifest that was written, an empty one if there is none."""
        try:
            found = self._s3.get_object(Bucket=self._name, Key=_MANIFEST_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING_CODES:
                raise
            return {}
        return msgspec.json.decode(found["Body"].read(), type=Manifest)

    def write_manifest(self, manifest: Mapping[str, str | None]) -> None:
        """Replace the manifest."""
        content = msgspec.json.encode(manifest, order="sorted")
        self._s3.put_object(Bucket=self._name, Key=_MANIFEST_KEY, Body=content, ContentType="application/json")

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of the site."""
        self._s3.put_object(Bucket=self._name, Key=f"site/{name}", Body=content, ContentType=content_type_of(name))

    def remove(self, name: str) -> None:
        """Delete a file of the site, if it exists."""
        self._s3.delete_object(Bucket=self._name, Key=f"site/{name}")
