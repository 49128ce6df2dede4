"""Who a caller is: bearer tokens, as JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 (RFC 7515).

Pure, so nothing here knows the time: `read` says until when a token counts, `identity.current` holds that against a clock.
"""

from datetime import datetime

import jwt

from shared_domain.errors import NotAuthenticated
from shared_domain.identity import Identity

LIFETIME_SECONDS = 3600
_ALGORITHM = "HS256"


def issue(username: str, *, secret: str, now: datetime) -> str:
    """Return a token that names the user and counts for an hour."""
    issued = int(now.timestamp())
    claims = {"sub": username, "iat": issued, "exp": issued + LIFETIME_SECONDS}
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def verify(authorization: str | None, *, secret: str) -> Identity:
    """Return whom an `Authorization` header names. Raise NotAuthenticated unless it is a bearer token signed with the secret."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated("a bearer token is needed")
    try:
        # The clock is the caller's, so expiry is checked by whoever has one; `exp` must be there all the same.
        claims = jwt.decode(
            token.strip(),
            secret,
            algorithms=[_ALGORITHM],
            options={"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False},
        )
        return Identity(username=str(claims["sub"]), expires=int(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise NotAuthenticated("the token is not valid") from error
