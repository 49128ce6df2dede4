"""Redeliver parked records and dead letters to the functions that could not handle them, once the cause is fixed.

    python -m microservices.replay reference-votes-parking               on AWS, with the account of the environment
    python -m microservices.replay reference-orders-saga-dead-letters --endpoint http://127.0.0.1:4566

A parked record is passed to its function and deleted from the queue; if the function fails again, it parks the record again.
A dead letter, or an event that the topic could not deliver, is sent to the queue that it was for.
Every function may safely receive a message twice, so interrupting this
command at any time loses nothing. It prints how many messages are left: records that were parked again, and messages that another
run of this command has received and not deleted, which are invisible for a minute.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from microservices.deploy.emulator import local_client

_MAX_RECEIVED = 10  # messages of one receive call, the limit of SQS
_WAIT_SECONDS = (
    2  # long polling reads all of SQS's servers; a short poll reads some, and may return nothing from a filled queue
)
_MAX_EMPTY = 3  # empty receives in a row that end the command
_INVISIBLE_SECONDS = 60
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# Suffixes of queues for messages that a function could not handle, or that the topic could not deliver. Before the suffix
# comes the name of the queue that they belong to.
_OF_A_QUEUE = ("-dead-letters", "-undelivered")


class ReplayFailed(Exception):
    """The queue does not exist, or a record could not be redelivered. Messages not yet redelivered stay in the queue."""


def replay(sqs: Any, functions: Any, queue: str) -> int:
    """Redeliver the messages that the queue has now, and return how many. Raise ReplayFailed at the first that fails."""
    url, redeliver = _url(sqs, queue), _make_redelivery(sqs, functions, queue)
    total, done, empty = count_messages(sqs, queue), 0, 0
    while done < total and empty < _MAX_EMPTY:  # not more: a record that is parked again would be received for ever
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(_MAX_RECEIVED, total - done),
            VisibilityTimeout=_INVISIBLE_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        messages = received.get("Messages", [])
        empty = 0 if messages else empty + 1
        for message in messages:
            redeliver(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
    return done


def count_messages(sqs: Any, queue: str) -> int:
    """Return how many messages the queue has, those in flight included. SQS estimates it."""
    counts = sqs.get_queue_attributes(QueueUrl=_url(sqs, queue), AttributeNames=list(_COUNTS))["Attributes"]
    return sum(int(counts[name]) for name in _COUNTS)


def _url(sqs: Any, queue: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])
    except ClientError as error:
        raise ReplayFailed(f"{queue}: {error}") from error


def _make_redelivery(sqs: Any, functions: Any, queue: str) -> Callable[[str], object]:
    """Return a function that sends a message's body to the function or queue where it failed."""
    suffix = next(filter(queue.endswith, _OF_A_QUEUE), None)
    if suffix is None:
        return partial(_invoke_with_record, functions)
    source = _url(sqs, queue.removesuffix(suffix))
    return lambda body: sqs.send_message(QueueUrl=source, MessageBody=body)


def _invoke_with_record(functions: Any, body: str) -> None:
    function, event = _parse_parked(body)
    try:
        response = functions.invoke(FunctionName=function, Payload=event)
    except ClientError as error:
        raise ReplayFailed(f"{function}: {error}") from error
    if "FunctionError" in response:
        raise ReplayFailed(f"{function} failed: {response['Payload'].read().decode()}")


def _parse_parked(body: str) -> tuple[str, str]:
    """Return the function that parked a record, and the record as its event. People edit parked records, so validate them."""
    try:
        parked = json.loads(body)
        return parked["function"], json.dumps({"Records": [parked["record"]]})
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayFailed(f"not a parked record: {body[:80]}") from error


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m microservices.replay", description="Redeliver parked records and dead letters."
    )
    parser.add_argument(
        "queue", help="its name ends with -parking or -dead-letters, or with -undelivered after a queue's name"
    )
    parser.add_argument("--endpoint", help="address of a local AWS; without it, AWS itself")
    options = parser.parse_args()
    create = partial(local_client, endpoint=options.endpoint) if options.endpoint else boto3.client
    sqs, functions = create("sqs"), create("lambda")
    try:
        done = replay(sqs, functions, options.queue)
        print(f"redelivered {done} messages, left in the queue: about {count_messages(sqs, options.queue)} messages")
    except ReplayFailed as failure:
        sys.exit(f"replay: {failure}")


if __name__ == "__main__":
    main()
