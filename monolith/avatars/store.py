"""Avatars in PostgreSQL. Twin: microservices/avatars/store.py.

avatars   one row per user with an avatar: the thumbnail, and the id of the upload that it was made from
"""

from sqlalchemy import Column, Connection, ForeignKey, LargeBinary, Table, Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from monolith.database import metadata
from monolith.users.store import USERS
from shared_domain.errors import NotFound

AVATARS = Table(
    "avatars",
    metadata,
    Column("username", Text(collation="C"), ForeignKey(USERS.c.username, ondelete="CASCADE"), primary_key=True),
    Column("thumbnail", LargeBinary, nullable=False),
    Column("upload", Text(collation="C"), nullable=False),
)
_SELECT_THUMBNAIL = select(AVATARS.c.thumbnail).where(AVATARS.c.username == bindparam("username"))
_UPSERT_THUMBNAIL = insert(AVATARS)
_UPSERT_THUMBNAIL = _UPSERT_THUMBNAIL.on_conflict_do_update(
    index_elements=["username"],
    set_={"thumbnail": _UPSERT_THUMBNAIL.excluded.thumbnail, "upload": _UPSERT_THUMBNAIL.excluded.upload},
    where=AVATARS.c.upload < _UPSERT_THUMBNAIL.excluded.upload,
)


class SqlAvatars:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        self._connection.execute(_UPSERT_THUMBNAIL, {"username": username, "thumbnail": thumbnail, "upload": upload})

    def get(self, username: str) -> bytes:
        thumbnail: bytes | None = self._connection.scalar(_SELECT_THUMBNAIL, {"username": username})
        if thumbnail is None:
            raise NotFound("there is no such picture")
        return thumbnail
