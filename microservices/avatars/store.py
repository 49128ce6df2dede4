"""Avatars in S3. Twin: monolith/avatars/store.py.

    object      key                          metadata      access
    original    originals/<username>/<id>                  PutObject wakes avatars-thumbnails; gone once that is done with it
    thumbnail   thumbnails/<username>.png    upload: id    shown: GetObject; replaced only by that of a newer upload

There is no table: a conditional write is all that two thumbnails of one user need to agree on which stays.
"""

from typing import Any

from botocore.exceptions import ClientError

from shared_domain.avatars import Upload
from shared_domain.errors import Conflict, NotFound

_MISSING = ("NoSuchKey", "404")  # said to who may list the bucket; others would hear of a denial, which is neither
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


class S3Avatars:
    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        """Raise Conflict where another thumbnail of the user is shown at the same moment."""
        key = _thumbnail(username)
        shown = self._found(self._s3.head_object, key)
        if shown is not None and shown["Metadata"]["upload"] >= upload:
            return
        unchanged = {"IfNoneMatch": "*"} if shown is None else {"IfMatch": shown["ETag"]}
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=thumbnail,
                ContentType="image/png",
                Metadata={"upload": upload},
                **unchanged,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CHANGED:
                raise
            raise Conflict("another thumbnail is shown at this moment") from error

    def get(self, username: str) -> bytes:
        return self._read(_thumbnail(username))

    def hand_in(self, upload: Upload) -> None:
        """Keep the picture until its thumbnail is made."""
        self._s3.put_object(Bucket=self._bucket, Key=_original(upload), Body=upload.picture)

    def original(self, username: str, id: str) -> Upload:
        """Return what was handed in. Raise NotFound if it is no longer there."""
        return Upload(id=id, username=username, picture=self._read(f"originals/{username}/{id}"))

    def forget(self, upload: Upload) -> None:
        """Remove what was handed in."""
        self._s3.delete_object(Bucket=self._bucket, Key=_original(upload))

    def _read(self, key: str) -> bytes:
        found = self._found(self._s3.get_object, key)
        if found is None:
            raise NotFound("there is no such picture")
        content: bytes = found["Body"].read()
        return content

    def _found(self, read: Any, key: str) -> Any:
        """Return S3's answer, None where there is no such object."""
        try:
            return read(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None


def _original(upload: Upload) -> str:
    return f"originals/{upload.username}/{upload.id}"


def _thumbnail(username: str) -> str:
    return f"thumbnails/{username}.png"
