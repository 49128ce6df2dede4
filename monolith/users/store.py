"""Users in PostgreSQL. Twin: microservices/users/store.py.

users   one row a user; unique: username, email_key (the email without case)
"""

from typing import Any, Protocol

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
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
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
_SELECT_BY_USERNAME = select(*_FIELDS).where(USERS.c.username == bindparam("username"))
_SELECT_FOR_UPDATE = _SELECT_BY_USERNAME.with_for_update()
_DEBIT_CREDITS = (
    update(USERS)
    .where(USERS.c.username == bindparam("who"), USERS.c.credits >= bindparam("price"))
    .values(credits=USERS.c.credits - bindparam("price"))
)
_REFUND_CREDITS = (
    update(USERS).where(USERS.c.username == bindparam("who")).values(credits=USERS.c.credits + bindparam("price"))
)


class Users(Protocol):
    """What this module needs of a transaction."""

    @property
    def users(self) -> "SqlUsers": ...


class SqlUsers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User) -> None:
        try:
            self._connection.execute(_INSERT_USER, _row(user))
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                raise
            raise AlreadyTaken(f"the {_held(error.orig)} belongs to somebody") from error

    def find(self, username: str) -> User | None:
        return self._one(_SELECT_BY_USERNAME, username)

    def get(self, username: str) -> User:
        return _existing(self.find(username))

    def get_for_update(self, username: str) -> User:
        """Return the user, locked until the transaction ends. Raise NotFound if there is none."""
        return _existing(self._one(_SELECT_FOR_UPDATE, username))

    def save(self, user: User, *, seen: User) -> None:
        unchanged = update(USERS).where(
            USERS.c.username == seen.username, USERS.c.display_name == seen.display_name, USERS.c.bio == seen.bio
        )
        saved = self._connection.execute(unchanged.values(display_name=user.display_name, bio=user.bio))
        if saved.rowcount == 0:
            raise Conflict("the profile changed meanwhile")

    def debit(self, username: str, *, credits: int) -> bool:
        """Take the credits, and lock the user until the transaction ends; return False where there are not so many."""
        return self._connection.execute(_DEBIT_CREDITS, {"who": username, "price": credits}).rowcount == 1

    def refund(self, username: str, *, credits: int) -> None:
        """Give credits back that were taken."""
        self._connection.execute(_REFUND_CREDITS, {"who": username, "price": credits})

    def _one(self, statement: Select[*tuple[Any, ...]], username: str) -> User | None:
        row = self._connection.execute(statement, {"username": username}).one_or_none()
        return None if row is None else _user(row)


def _held(refusal: UniqueViolation) -> str:
    """Return which of the two unique indexes refused."""
    return "email" if refusal.diag.constraint_name == "users_email_key_key" else "username"


def _existing(user: User | None) -> User:
    if user is None:
        raise NotFound("there is no such user")
    return user


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return User(**row._mapping)


def _row(user: User) -> dict[str, object]:
    fields = {column.name: getattr(user, column.name) for column in _FIELDS}
    return {**fields, "email_key": email_key(user.email)}
