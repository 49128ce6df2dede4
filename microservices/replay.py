"""Redeliver parked records and dead letters to the functions that could not handle them, once the cause is fixed.

    python -m microservices.replay reference-votes-parking               on AWS, with the account of the environment
    python -m microservices.replay reference-orders-saga-dead-letters --endpoint http://127.0.0.1:4566

A parked record is passed to its function and deleted from the queue; if the function fails again, it parks the record again.
A dead letter is sent to the queue that it came from. Every function may safely receive a message twice, so interrupting this
command at any time loses nothing.
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
_INVISIBLE_SECONDS = 60
_DEAD_LETTERS = "-dead-letters"  # suffix of a dead-letter queue; before it comes the name of its source queue


class ReplayFailed(Exception):
    """The queue does not exist, or a record could not be redelivered. Messages not yet redelivered stay in the queue."""


def replay(sqs: Any, functions: Any, queue: str) -> int:
    """Redeliver the queue's messages and return how many there were. Raise ReplayFailed at the first that fails."""
    url, redeliver = _url(sqs, queue), _make_redelivery(sqs, functions, queue)
    visible, done = _count_visible(sqs, url), 0
    while done < visible:  # only as many as there were at the start: a record that is parked again would loop for ever
        most = min(_MAX_RECEIVED, visible - done)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, VisibilityTimeout=_INVISIBLE_SECONDS)
        if "Messages" not in received:
            break
        for message in received["Messages"]:
            redeliver(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
    return done


def _url(sqs: Any, queue: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])
    except ClientError as error:
        raise ReplayFailed(f"{queue}: {error}") from error


def _count_visible(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _make_redelivery(sqs: Any, functions: Any, queue: str) -> Callable[[str], object]:
    """Return a function that sends a message's body to the function or queue where it failed."""
    if not queue.endswith(_DEAD_LETTERS):
        return partial(_invoke_with_record, functions)
    source = _url(sqs, queue.removesuffix(_DEAD_LETTERS))
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
    parser.add_argument("queue", help="name of a queue that ends with -parking or -dead-letters")
    parser.add_argument("--endpoint", help="address of a local AWS; without it, AWS itself")
    options = parser.parse_args()
    create = partial(local_client, endpoint=options.endpoint) if options.endpoint else boto3.client
    sqs, functions = create("sqs"), create("lambda")
    try:
        print(f"redelivered {replay(sqs, functions, options.queue)} messages")
    except ReplayFailed as failure:
        sys.exit(f"replay: {failure}")


if __name__ == "__main__":
    main()
