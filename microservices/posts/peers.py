"""What posts asks of another service. The monolith has no such file: there, votes go with their post by a foreign key."""

import json
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.aws import client
from microservices.post_item import post_key

_log = Logger()


class VotesService:
    """The votes service's function that hears of posts."""

    def __init__(self, function: str) -> None:
        self._function = function

    def close_voting(self, post_id: str) -> None:
        """Tell at once that the post is gone, in the very form in which the outbox will tell it again.

        A vote on a withdrawn post is a 404 from now on. Where votes does not answer, the event says it a moment later:
        the withdrawal stands and must not fail for it.
        """
        told = {"Records": [{"eventName": "REMOVE", "dynamodb": {"Keys": post_key(post_id)}}]}
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(told))  # network
        except (BotoCoreError, ClientError):
            _log.exception("votes was not told; the event will tell it", post_id=post_id)
        else:
            if "FunctionError" in answer:
                _log.error("votes failed to hear; the event will tell it again", post_id=post_id)

    @cached_property
    def _lambda(self) -> Any:
        # Made when first needed: few requests withdraw a post, and every cold start would pay. Tried once: it tells
        # early what the outbox will tell, and what does not come through early comes in a moment.
        return client("lambda", attempts=1)
