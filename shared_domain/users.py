"""Users: sign-up, sign-in and profiles. Twins: monolith/users, microservices/users."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from shared_domain.errors import InvalidInput, NotAuthenticated, NotFound
from shared_domain.text import clean, clean_email, is_username

STARTING_CREDITS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    username: str
    email: str
    display_name: str
    bio: str
    credits: int
    password_hash: str
    created_at: datetime


def register(
    *,
    id: str,
    username: str,
    email: str,
    password: str,
    display_name: str | None = None,
    hash_password: Callable[[str], str],
    now: datetime,
) -> User:
    """Return a new user. Raise InvalidInput naming the field. Hashing is slow on purpose, so it happens last."""
    if not is_username(username):
        raise InvalidInput("username", "must be 3 to 30 characters of a-z, 0-9 and _")
    address = clean_email("email", email)
    password = clean("password", password, min_length=8, max_length=128)
    return User(
        id=id,
        username=username,
        email=address,
        display_name=clean(
            "display_name", username if display_name is None else display_name, min_length=1, max_length=50
        ),
        bio="",
        credits=STARTING_CREDITS,
        password_hash=hash_password(password),
        created_at=now,
    )


def revise(user: User, *, display_name: str | None = None, bio: str | None = None) -> User:
    """Return the user with a new display name or bio. Raise InvalidInput naming the field."""
    if display_name is not None:
        user = replace(user, display_name=clean("display_name", display_name, min_length=1, max_length=50))
    if bio is not None:
        user = replace(user, bio=clean("bio", bio, max_length=500))
    return user


def sign_in(user: User | None, *, password: str, verify_password: Callable[..., bool]) -> User:
    """Return the user. Raise NotAuthenticated for a wrong password or an unknown user; both take equally long."""
    if not verify_password(password, password_hash=user and user.password_hash) or user is None:
        raise NotAuthenticated("username or password is wrong")
    return user


def username_or_placeholder(username: str) -> str:
    """Return the username, or for a malformed one a placeholder of its own that no user has.

    So the lookup costs the same, attempts are counted in the same way, and malformed names never reach the store.
    """
    if is_username(username):
        return username
    return f"-{sha256(username.encode()).hexdigest()[:32]}"


def require_valid_username(username: str) -> str:
    """Return the username. Raise NotFound if no user can have it, so malformed names never reach the store."""
    if not is_username(username):
        raise NotFound("there is no such user")
    return username


def email_key(email: str) -> str:
    """Return the email without case, by which emails are compared: the contract ignores case."""
    return email.casefold()


class UserStore(Protocol):
    """The methods that the stores of both sides share. `save` differs: see OptimisticUserStore."""

    def add(self, user: User) -> None:
        """Insert a new user. Raise AlreadyTaken if another user has the username, or the email in any case."""

    def find(self, username: str) -> User | None:
        """Return the user, None if there is none."""

    def get(self, username: str) -> User:
        """Return the user. Raise NotFound if there is none."""


class OptimisticUserStore(UserStore, Protocol):
    """A store without locks: each change is conditional on what was read. The monolith locks rows instead (decision 24)."""

    def save(self, user: User, *, seen: User) -> None:
        """Replace display name and bio. Raise Conflict if they have changed since `seen` was read."""
