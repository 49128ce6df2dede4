"""Verify the token of a request. The gateway invokes this function for each protected route and caches its response for a minute.

The function never denies a request: the gateway would answer its own 403, whose body cannot be changed. Instead it passes on the
username and the expiry, or the reason why the token is invalid. The service's edge then answers the contract's 401.
"""

import os
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.token_secret import token_secret
from shared_domain import tokens
from shared_domain.errors import NotAuthenticated

_log = Logger()
_secret = token_secret(os.environ["TOKEN_SECRET_ARN"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the simple response of a REQUEST authorizer (payload 2.0): always authorized, with the result in the context."""
    result = _verify(event["headers"].get("authorization"))
    _log.info("authorize", route=event["routeKey"], known="username" in result)
    return {"isAuthorized": True, "context": result}


def _verify(authorization: str | None) -> dict[str, str]:
    try:
        identity = tokens.verify(authorization, secret=_secret())
    except NotAuthenticated as error:
        return {"reason": str(error)}
    except (BotoCoreError, ClientError):
        _log.exception("the token secret cannot be read")
        return {"unavailable": "tokens cannot be verified at the moment"}
    return {"username": identity.username, "expires": str(identity.expires)}
