"""Clients of AWS services, with every wait and every retry written down."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared_domain.errors import Unavailable

_CONFIG = Config(
    connect_timeout=1,  # seconds
    read_timeout=2,
    max_pool_connections=4,
)
_AWAY = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "RequestThrottled",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def client(service: str, *, attempts: int = 3) -> Any:
    """Return a low-level client whose calls are tried so often, with backoff and jitter, where it is safe to repeat them.

    Making one costs tens of milliseconds: once for a function's life, not for a request.
    """
    return boto3.client(
        service, config=_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts}))
    )


def is_away(error: BaseException) -> bool:
    """Tell whether a call failed because its service is away or refuses more load, not because the call is wrong."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or error.response["Error"]["Code"] in _AWAY
    return isinstance(error, (BotoCoreError, Unavailable))
