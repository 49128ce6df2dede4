"""Who calls: the gateway asks this function for every route that needs a token, and keeps the answer for a minute.

It never refuses. A refusal would leave as the gateway's own 403, whose body nobody can write; so it says who calls and until
when that counts, or why the token is bad, and the service's edge answers the 401 of the contract.
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
    """Answer a REQUEST authorizer's event (payload 2.0) in the simple form: always authorized, the context says the rest."""
    told = _told(event["headers"].get("authorization"))
    _log.info("authorize", route=event["routeKey"], known="username" in told)
    return {"isAuthorized": True, "context": told}


def _told(authorization: str | None) -> dict[str, str]:
    try:
        identity = tokens.verify(authorization, secret=_secret())
    except NotAuthenticated as error:
        return {"reason": str(error)}
    except (BotoCoreError, ClientError):
        _log.exception("the token secret cannot be read")
        return {"unavailable": "tokens cannot be verified at the moment"}
    return {"username": identity.username, "expires": str(identity.expires)}
