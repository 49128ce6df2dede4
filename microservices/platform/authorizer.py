"""Verify the token of a request. The gateway invokes this function for each protected route and caches its response for a minute.

The function never denies a request: the gateway would answer its own 403, whose body cannot be changed. Instead it passes on the
username and the expiry, or the reason why the token is invalid. The service's edge then answers the contract's 401.

The one exception is an event in another format, such as that of a REST or WebSocket API, a TOKEN authorizer or payload 1.0. Its API
is configured wrongly, and could not read the simple response. It is denied in the format that it reads.
"""

import os
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.request_ids import with_request_id
from microservices.token_secret import token_secret
from shared_domain import tokens
from shared_domain.errors import NotAuthenticated

_log = Logger()
_secret = token_secret(os.environ["TOKEN_SECRET_ARN"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the simple response of a REQUEST authorizer (payload 2.0): always authorized, with the result in the context."""
    if event.get("version") != "2.0" or "routeKey" not in event:
        return _deny(event)
    result = _verify((event.get("headers") or {}).get("authorization"))
    _log.info("authorize", route=event["routeKey"], known="username" in result)
    return {"isAuthorized": True, "context": result}


def _deny(event: dict[str, Any]) -> dict[str, Any]:
    """Return the denial of an event in another format: an IAM policy if it names a method, else the simple response."""
    _log.error("denied: this is the authorizer of an HTTP API with payload 2.0", type=event.get("type"))
    if "methodArn" not in event:
        return {"isAuthorized": False}
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": event["methodArn"]}
    return {"principalId": "nobody", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def _verify(authorization: str | None) -> dict[str, str]:
    try:
        identity = tokens.verify(authorization, secret=_secret())
    except NotAuthenticated as error:
        return {"reason": str(error)}
    except (BotoCoreError, ClientError):
        _log.exception("the token secret cannot be read")
        return {"unavailable": "tokens cannot be verified at the moment"}
    return {"username": identity.username, "expires": str(identity.expires)}
