"""Gives parked records and dead letters back to the functions that could not handle them, once the reason is mended.

    python -m microservices.replay reference-votes-parking               on AWS, with the account of the environment
    python -m microservices.replay reference-orders-saga-dead-letters --endpoint http://127.0.0.1:4566

A parked record goes to its function: handled now, it leaves the queue; one that fails again is parked again. A dead letter goes
into the queue that it came from, and so to the function that empties it. Every function may safely hear a message twice, so
ending this at any moment loses nothing.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from microservices.deploy.emulator import REGION, ROOT

_AT_ONCE = 10  # messages of one receive, the most that SQS gives
_INVISIBLE_SECONDS = 60
_DEAD_LETTERS = "-dead-letters"  # what the name of a queue has behind that of the queue whose dead letters it holds


class ReplayFailed(Exception):
    """There is no such queue, or a function did not take a record back; what is not back yet stays in the queue."""


def replay(sqs: Any, functions: Any, queue: str) -> int:
    """Return how many of the queue's messages went back. Raise ReplayFailed at the first that does not."""
    url, give_back = _url(sqs, queue), _giving_back(sqs, functions, queue)
    waiting, done = _waiting(sqs, url), 0
    while done < waiting:  # and not until it is empty: what is parked again meanwhile is for another day
        most = min(_AT_ONCE, waiting - done)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, VisibilityTimeout=_INVISIBLE_SECONDS)
        if "Messages" not in received:
            break
        for message in received["Messages"]:
            give_back(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
    return done


def _url(sqs: Any, queue: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])
    except ClientError as error:
        raise ReplayFailed(f"{queue}: {error}") from error


def _waiting(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _giving_back(sqs: Any, functions: Any, queue: str) -> Callable[[str], object]:
    """Return what gives a message's body back to where it failed."""
    if not queue.endswith(_DEAD_LETTERS):
        return partial(_give_back, functions)
    source = _url(sqs, queue.removesuffix(_DEAD_LETTERS))
    return lambda letter: sqs.send_message(QueueUrl=source, MessageBody=letter)


def _give_back(functions: Any, body: str) -> None:
    function, event = _read(body)
    try:
        answer = functions.invoke(FunctionName=function, Payload=event)
    except ClientError as error:
        raise ReplayFailed(f"{function}: {error}") from error
    if "FunctionError" in answer:
        raise ReplayFailed(f"{function} failed: {answer['Payload'].read().decode()}")


def _read(body: str) -> tuple[str, str]:
    """Return the function that parked a record, and the record as its event. People mend records by hand, so look closely."""
    try:
        parked = json.loads(body)
        return parked["function"], json.dumps({"Records": [parked["record"]]})
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayFailed(f"this is no parked record: {body[:80]}") from error


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m microservices.replay", description="Give parked records and dead letters back."
    )
    parser.add_argument("queue", help="name of a queue that has -parking or -dead-letters at its end")
    parser.add_argument("--endpoint", help="address of a local AWS; AWS itself where it is not given")
    asked = parser.parse_args()
    session = boto3.Session(region_name=REGION, **ROOT) if asked.endpoint else boto3.Session()
    sqs, functions = (session.client(name, endpoint_url=asked.endpoint) for name in ("sqs", "lambda"))
    try:
        print(f"{replay(sqs, functions, asked.queue)} messages went back")
    except ReplayFailed as failure:
        sys.exit(f"replay: {failure}")


if __name__ == "__main__":
    main()
