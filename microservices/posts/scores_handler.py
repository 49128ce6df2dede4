"""Composition root of posts-scores: a queue wakes it, a message that fails comes again alone, then goes to the dead letters."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from microservices.aws import client
from microservices.posts.scores import Scores

_log = Logger()
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_scores = Scores(client("dynamodb"), os.environ["TABLE"])


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Take a batch of scores in; answer which messages must come again."""
    answer = process_partial_response(event, _hear, _processor, context)
    _log.info("scores", messages=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer


def _hear(record: SQSRecord) -> None:
    _scores.hear(record.body)
