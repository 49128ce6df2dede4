"""Clients of AWS services, with every wait and every retry written down."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_CONFIG = Config(
    connect_timeout=1,  # seconds
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},  # with backoff and jitter, and only what is safe to repeat
    max_pool_connections=4,
)
_AWAY = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def client(service: str) -> Any:
    """Return a low-level client. Making one costs tens of milliseconds: once for a function's life, not for a request."""
    return boto3.client(service, config=_CONFIG)


def is_away(error: BaseException) -> bool:
    """Tell whether a call failed because its service is away or refuses more load, not because the call is wrong."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _AWAY
    return isinstance(error, BotoCoreError)
