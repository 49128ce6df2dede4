"""Bearer tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 (RFC 7515).

`verify` checks the signature and returns when the token expires. `identity.require_unexpired` compares that with a clock.
"""

from datetime import datetime

import jwt

from shared_domain.errors import NotAuthenticated
from shared_domain.identity import Identity
from shared_domain.text import is_username

LIFETIME_SECONDS = 3600
_ALGORITHM = "HS256"


def issue(username: str, *, secret: str, now: datetime) -> str:
    """Return a token for the user that expires in an hour."""
    issued = int(now.timestamp())
    claims = {"sub": username, "iat": issued, "exp": issued + LIFETIME_SECONDS}
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def verify(authorization: str | None, *, secret: str) -> Identity:
    """Return the identity in an `Authorization` header. Raise NotAuthenticated unless its bearer token has a valid signature."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated("a bearer token is required")
    try:
        # PyJWT would compare `exp` with the system clock; here it only has to be present.
        claims = jwt.decode(
            token.strip(),
            secret,
            algorithms=[_ALGORITHM],
            options={"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False},
        )
        identity = Identity(username=str(claims["sub"]), expires=int(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise NotAuthenticated("the token is not valid") from error
    if not is_username(identity.username):  # so that no other text reaches a store
        raise NotAuthenticated("the token is not valid")
    return identity
