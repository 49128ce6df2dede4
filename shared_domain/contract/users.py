"""Users on the wire: sign-up, sign-in, profile."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from shared_domain.contract.parsing import build_decoder
from shared_domain.contract.times import to_rfc3339
from shared_domain.users import User


@build_decoder
class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    username: str
    email: str
    password: str
    display_name: str | UnsetType = UNSET


@build_decoder
class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    username: str
    password: str


@build_decoder
class ProfileChanges(Struct, frozen=True, forbid_unknown_fields=True):
    display_name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET


def public_json(user: User) -> dict[str, Any]:
    """Return the public profile as JSON."""
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.display_name,
        "bio": user.bio,
        "created_at": to_rfc3339(user.created_at),
    }


def own_json(user: User) -> dict[str, Any]:
    """Return the profile as JSON for the user: with email and credits."""
    return {**public_json(user), "email": user.email, "credits": user.credits}


def token_json(token: str, *, seconds: int) -> dict[str, Any]:
    """Return a token response (RFC 6749, 5.1) as JSON."""
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
