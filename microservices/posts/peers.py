"""Notify the votes service of a withdrawal. The monolith has no such file: a foreign key deletes the votes with their post."""

import json
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.aws import client
from microservices.post_item import post_key

_log = Logger()


class VotesService:
    """The votes service's function that handles post events."""

    def __init__(self, function: str) -> None:
        self._function = function

    def close_voting(self, post_id: str) -> None:
        """Notify votes synchronously that the post is gone, with the record that the event relay publishes a moment later.

        From then on a vote on the post is a 404. If votes does not respond, the withdrawal still succeeds: the event follows.
        """
        payload = {"Records": [{"eventName": "REMOVE", "dynamodb": {"Keys": post_key(post_id)}}]}
        try:
            response = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(payload))  # network
        except (BotoCoreError, ClientError):
            _log.exception("votes could not be notified; the event follows", post_id=post_id)
        else:
            if "FunctionError" in response:
                _log.error("votes failed to handle the withdrawal; the event follows", post_id=post_id)

    @cached_property
    def _lambda(self) -> Any:
        # Created on first use: few requests withdraw a post, and creating it would slow every cold start.
        # One attempt: the event relay delivers the same change a moment later.
        return client("lambda", attempts=1)
