"""The identity in a verified token. It is a module of its own, so that its users do not import the cryptography of tokens.py."""

from dataclasses import dataclass
from datetime import datetime

from shared_domain.errors import NotAuthenticated


@dataclass(frozen=True, slots=True)
class Identity:
    username: str
    expires: int  # seconds since 1970


def require_unexpired(identity: Identity, *, now: datetime) -> str:
    """Return the username. Raise NotAuthenticated if the token has expired."""
    if now.timestamp() >= identity.expires:
        raise NotAuthenticated("the token has expired")
    return identity.username
