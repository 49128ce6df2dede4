"""Hooks into botocore: answer requests to services that moto does not simulate, and observe every call."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import boto3
from botocore import handlers
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

DYNAMODB = re.compile(r"https://(dynamodb|\d+\.ddb)\.")  # the address may contain the account number
S3 = re.compile(r"https://([a-z0-9-]+\.)?s3\.")  # the address may contain the bucket name
Answer = Callable[[Any], AWSResponse | None]  # return None for a request to another service


class Watch(Protocol):
    """An observer of AWS calls. An exception that it raises reaches the caller."""

    def before(self, operation: str) -> None:
        """Run before an operation such as `dynamodb.GetItem`."""

    def after(self, operation: str) -> None:
        """Run after the operation, before its caller gets the response."""


_answers: list[Answer] = []  # the last one is tried first
_watches: list[Watch] = []


@contextmanager
def answered_by(answer: Answer) -> Iterator[None]:
    """Offer every request to `answer` before it is sent, while the block lasts."""
    _answers.append(answer)
    try:
        yield
    finally:
        _answers.remove(answer)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Observe every call with `watch` while the block lasts."""
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


@contextmanager
def failing_stores() -> Iterator[None]:
    """Make DynamoDB and S3 respond with status 500 while the block lasts."""
    failure = {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "dynamodb fails"}
    error = "<Error><Code>InternalError</Code><Message>s3 fails</Message></Error>"

    def answer(request: Any) -> AWSResponse | None:
        if DYNAMODB.match(request.url):
            return AWSResponse(request.url, 500, {}, MockRawResponse(json.dumps(failure)))
        if S3.match(request.url):
            return AWSResponse(request.url, 500, {}, MockRawResponse(error))
        return None

    with answered_by(answer):
        yield


def _register_hooks() -> None:
    """Register the hooks with botocore. A session copies the handlers when it starts, so call this before the first session."""

    def before(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        for watch in _watches:
            watch.before(_operation(event_name))
        return next((said for answer in reversed(_answers) if (said := answer(request)) is not None), None)

    def after(event_name: str, **_: Any) -> None:
        for watch in _watches:
            watch.after(_operation(event_name))

    handlers.BUILTIN_HANDLERS.insert(0, ("before-send", before))
    handlers.BUILTIN_HANDLERS.append(("response-received", after))
    boto3.setup_default_session()


def _operation(event: str) -> str:
    return event.partition(".")[2]


_register_hooks()
