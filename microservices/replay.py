"""Gives parked records back to the functions that could not handle them, once the reason is mended.

    python -m microservices.replay reference-votes-parking            on AWS, with the account of the environment
    python -m microservices.replay reference-votes-parking --endpoint http://127.0.0.1:4566

A record that is handled now leaves the queue; one that fails again is parked again by its function. Every function may
safely hear a record twice, so ending this at any moment loses nothing.
"""

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

from microservices.deploy.emulator import REGION, ROOT

_AT_ONCE = 10  # messages of one receive, the most that SQS gives
_INVISIBLE_SECONDS = 60


class ReplayFailed(Exception):
    """There is no such queue, or a function did not take a record back; the record stays in the queue."""


def replay(sqs: Any, functions: Any, queue: str) -> int:
    """Return how many of the queue's records went back to their functions. Raise ReplayFailed at the first that fails."""
    url = _url(sqs, queue)
    waiting, done = _waiting(sqs, url), 0
    while done < waiting:  # and not until it is empty: what is parked again meanwhile is for another day
        most = min(_AT_ONCE, waiting - done)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, VisibilityTimeout=_INVISIBLE_SECONDS)
        if "Messages" not in received:
            break
        for message in received["Messages"]:
            _give_back(functions, message["Body"])
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
    parser = argparse.ArgumentParser(prog="python -m microservices.replay", description="Give parked records back.")
    parser.add_argument("queue", help="name of a parking queue, e.g. reference-votes-parking")
    parser.add_argument("--endpoint", help="address of a local AWS; AWS itself where it is not given")
    asked = parser.parse_args()
    session = boto3.Session(region_name=REGION, **ROOT) if asked.endpoint else boto3.Session()
    sqs, functions = (session.client(name, endpoint_url=asked.endpoint) for name in ("sqs", "lambda"))
    try:
        print(f"{replay(sqs, functions, asked.queue)} records went back")
    except ReplayFailed as failure:
        sys.exit(f"replay: {failure}")


if __name__ == "__main__":
    main()
