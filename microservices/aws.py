"""Clients of AWS services, with every wait and every retry written down."""

from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared_domain.errors import Unavailable

_CONFIG = Config(
    connect_timeout=1,  # seconds
    read_timeout=2,
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


def client(service: str, *, attempts: int = 3, at_once: int = 4, endpoint: str | None = None) -> Any:
    """Return a low-level client whose calls are tried so often, with backoff and jitter, where it is safe to repeat them.

    `at_once` is how many threads may call at the same time; `endpoint` is for a service that has no common one. Making a client
    costs tens of milliseconds: once for a function's life, not for a request.
    """
    own = Config(retries={"mode": "standard", "total_max_attempts": attempts}, max_pool_connections=at_once)
    return boto3.client(service, endpoint_url=endpoint, config=_CONFIG.merge(own))


def is_unavailable(error: BaseException) -> bool:
    """Tell whether a call failed because its service is away or refuses more load, not because the call is wrong."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        too_many = status == HTTPStatus.TOO_MANY_REQUESTS  # how SNS and the gateway of the live feed refuse load
        return too_many or status >= 500 or error.response["Error"]["Code"] in _AWAY
    return isinstance(error, (BotoCoreError, Unavailable)) and not isinstance(error, ParamValidationError)
