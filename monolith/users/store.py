"""Users in PostgreSQL. Twin: microservices/users/store.py.

users   one row per user; unique: username, email_key (the email without case)

A row that will change is read with `FOR UPDATE`, so writes need no condition (docs/decisions/0024-one-lock-discipline.md).
"""

from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from monolith.database import metadata
from shared_domain.errors import AlreadyTaken, NotFound
from shared_domain.users import User, email_key

USERS = Table(
    "users",
    metadata,
    Column("id", Text(collation="C"), nullable=False),
    Column("username", Text(collation="C"), primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text(collation="C"), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("bio", Text, nullable=False),
    Column("credits", Integer, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
_FIELDS = [column for column in USERS.c if column.name != "email_key"]
_INSERT_USER = insert(USERS)
_BY_USERNAME = USERS.c.username == bindparam("name")
_SELECT_USER = select(*_FIELDS).where(_BY_USERNAME)
_SELECT_USER_FOR_UPDATE = _SELECT_USER.with_for_update()
_UPDATE_USER = update(USERS).where(_BY_USERNAME)
_DEBIT_CREDITS = (
    update(USERS)
    .where(_BY_USERNAME, USERS.c.credits >= bindparam("price"))
    .values(credits=USERS.c.credits - bindparam("price"))
)
_REFUND_CREDITS = update(USERS).where(_BY_USERNAME).values(credits=USERS.c.credits + bindparam("price"))


class SqlUsers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User) -> None:
        try:
            self._connection.execute(_INSERT_USER, _to_row(user))
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                raise
            raise AlreadyTaken(f"the {_taken_field(error.orig)} is already taken") from error

    def find(self, username: str) -> User | None:
        return self._select_one(_SELECT_USER, username)

    def get(self, username: str) -> User:
        return _require_user(self.find(username))

    def get_for_update(self, username: str) -> User:
        """Return the user and lock the row until the transaction ends. Raise NotFound if there is none."""
        return _require_user(self._select_one(_SELECT_USER_FOR_UPDATE, username))

    def save(self, user: User) -> None:
        """Replace display name and bio of a user that this transaction has locked."""
        changes = {"display_name": user.display_name, "bio": user.bio}
        self._connection.execute(_UPDATE_USER, {"name": user.username, **changes})

    def debit(self, username: str, *, credits: int) -> bool:
        """Take credits from the user and lock the row until the transaction ends. Return False if there are too few."""
        return self._connection.execute(_DEBIT_CREDITS, {"name": username, "price": credits}).rowcount == 1

    def refund(self, username: str, *, credits: int) -> None:
        """Return credits to the user that `debit` took."""
        self._connection.execute(_REFUND_CREDITS, {"name": username, "price": credits})

    def _select_one(self, statement: Select[*tuple[Any, ...]], username: str) -> User | None:
        row = self._connection.execute(statement, {"name": username}).one_or_none()
        return None if row is None else _to_user(row)


def _taken_field(violation: UniqueViolation) -> str:
    """Return the field whose unique index was violated."""
    return "email" if violation.diag.constraint_name == "users_email_key_key" else "username"


def _require_user(user: User | None) -> User:
    if user is None:
        raise NotFound("there is no such user")
    return user


def _to_user(row: Row[*tuple[Any, ...]]) -> User:
    return User(**row._mapping)


def _to_row(user: User) -> dict[str, object]:
    fields = {column.name: getattr(user, column.name) for column in _FIELDS}
    return {**fields, "email_key": email_key(user.email)}
