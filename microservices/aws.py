"""Create clients of AWS services with explicit timeouts and retries."""

from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared_domain.errors import Unavailable

_CONNECT_TIMEOUT = 1  # seconds
_CONDITIONS = {"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match"}
_UNAVAILABLE_CODES = frozenset(
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


def client(
    service: str, *, attempts: int = 3, threads: int = 4, read_timeout: float = 2, endpoint: str | None = None
) -> Any:
    """Return a low-level client that attempts a safe call at most `attempts` times, with backoff and jitter.

    `threads` is how many threads may call at the same time, `read_timeout` is in seconds, and `endpoint` is for a service that has
    no regional address. Creating a client takes tens of milliseconds, so create it once per process and not per request.
    """
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=threads,
    )
    created = boto3.client(service, endpoint_url=endpoint, config=config)
    if service == "s3":
        _send_conditions_as_headers(created)
    return created


def _send_conditions_as_headers(s3: Any) -> None:
    """Let `put_object` accept IfMatch and IfNoneMatch with any release of botocore: the Lambda runtime chooses it."""

    def take(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["conditions"] = {_CONDITIONS[name]: params.pop(name) for name in _CONDITIONS.keys() & params.keys()}

    def send(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        params["headers"].update(context["conditions"])

    s3.meta.events.register("before-parameter-build.s3.PutObject", take)
    s3.meta.events.register("before-call.s3.PutObject", send)


def is_unavailable(error: BaseException) -> bool:
    """Return whether a call failed because its service is unavailable or throttles, and not because the call is wrong."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        throttled = (
            status == HTTPStatus.TOO_MANY_REQUESTS
        )  # SNS and the WebSocket gateway report throttling only by this status
        return throttled or status >= 500 or error.response["Error"]["Code"] in _UNAVAILABLE_CODES
    return isinstance(error, (BotoCoreError, Unavailable)) and not isinstance(error, ParamValidationError)
