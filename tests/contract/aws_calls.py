"""What stands between the functions and AWS in this process: services that moto does not play, and whoever watches the calls."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import boto3
from botocore import handlers
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

DYNAMODB = re.compile(r"https://(dynamodb|\d+\.ddb)\.")  # the account's number may stand in the address
S3 = re.compile(r"https://([a-z0-9-]+\.)?s3\.")  # and a bucket's name
Answer = Callable[[Any], AWSResponse | None]  # what a service says to a request, None for another service's


class Watch(Protocol):
    """Is told of every call. What it raises reaches who calls."""

    def before(self, operation: str) -> None:
        """An operation such as `dynamodb.GetItem` is about to be asked for."""

    def after(self, operation: str) -> None:
        """The operation is done, and who asked does not know it yet."""


_answers: list[Answer] = []  # of the services that moto does not play, the last one is asked first
_watches: list[Watch] = []


@contextmanager
def answered_by(answer: Answer) -> Iterator[None]:
    """Let every client ask `answer` before it sends anything, while the block lasts."""
    _answers.append(answer)
    try:
        yield
    finally:
        _answers.remove(answer)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Let `watch` hear of every call while the block lasts."""
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


@contextmanager
def failing_stores() -> Iterator[None]:
    """Let DynamoDB and S3 fail while the block lasts, as where an answer is lost: moto does what it is asked all the same."""
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


def _listen() -> None:
    """Hook into botocore. A session takes the handlers that are there when it begins: call it before any begins that matters."""

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


_listen()
