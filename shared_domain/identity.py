"""Who calls, as a verified token said. Apart from tokens.py, so that whoever is told the identity needs no cryptography."""

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
