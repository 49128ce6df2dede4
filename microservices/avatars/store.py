"""Avatars in S3. Twin: monolith/avatars/store.py.

    object      key                          metadata      access
    original    originals/<username>/<id>                  PutObject triggers avatars-thumbnails, which deletes it when done
    thumbnail   thumbnails/<username>.png    upload: id    show: GetObject; replaced only by that of a newer upload

There is no table: a conditional write ensures that the thumbnail of the newest upload stays.
"""

from typing import Any

from botocore.exceptions import ClientError

from shared_domain.avatars import Upload
from shared_domain.errors import Conflict, NotFound

_MISSING_CODES = ("NoSuchKey", "404")  # with the permission to list the bucket; without it, S3 answers 403
_CONFLICT_CODES = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


class S3Avatars:
    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        """Store the thumbnail. Raise Conflict if another one of the user is written at the same time."""
        key = _thumbnail_key(username)
        shown = self._find(self._s3.head_object, key)
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
            if error.response["Error"]["Code"] not in _CONFLICT_CODES:
                raise
            raise Conflict("another thumbnail was written meanwhile") from error

    def get(self, username: str) -> bytes:
        return self._read(_thumbnail_key(username))

    def save_original(self, upload: Upload) -> None:
        """Store the original until its thumbnail is made."""
        self._s3.put_object(Bucket=self._bucket, Key=_original_key(upload), Body=upload.picture)

    def get_original(self, username: str, id: str) -> Upload:
        """Return an original. Raise NotFound if it was deleted."""
        return Upload(id=id, username=username, picture=self._read(f"originals/{username}/{id}"))

    def remove_original(self, upload: Upload) -> None:
        """Delete an original."""
        self._s3.delete_object(Bucket=self._bucket, Key=_original_key(upload))

    def _read(self, key: str) -> bytes:
        found = self._find(self._s3.get_object, key)
        if found is None:
            raise NotFound("there is no such picture")
        content: bytes = found["Body"].read()
        return content

    def _find(self, read: Any, key: str) -> Any:
        """Return S3's response, None if there is no such object."""
        try:
            return read(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING_CODES:
                raise
            return None


def _original_key(upload: Upload) -> str:
    return f"originals/{upload.username}/{upload.id}"


def _thumbnail_key(username: str) -> str:
    return f"thumbnails/{username}.png"
