"""Failures that AWS reports and the local AWS never does: throttling, conflicts of single writes, unprocessed batch items."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import msgspec
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from moto.core.botocore_stubber import MockRawResponse

from microservices.aws import is_unavailable
from microservices.dynamo import batch_get, batch_write, text
from microservices.post_item import post_item
from microservices.posts.scores import Scores
from microservices.posts.store import DynamoPosts
from shared_domain.errors import Conflict, Unavailable
from shared_domain.posts import compose
from tests.dynamodb_table import make_table
from tests.moto_aws import aws_in_process

TABLE = "posts"
POST = compose(id="01M7X1YXN3SBB3DZEFS5FNXBMV", author="ada", title="t", body="b", now=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws_in_process():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, TABLE)
        yield client


def raising(dynamodb: Any, operation: str, error: ClientError, *, times: int = 1_000) -> None:
    failures = iter(range(times))

    def fail(**_: object) -> None:
        if next(failures, None) is not None:
            raise error

    dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", fail)


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    answer: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("apigatewaymanagementapi", "LimitExceededException"),
        ("dynamodb", "ProvisionedThroughputExceededException"),
        ("dynamodb", "RequestLimitExceeded"),
        ("dynamodb", "ThrottlingException"),
        ("kinesis", "ProvisionedThroughputExceededException"),
        ("lambda", "TooManyRequestsException"),
        ("sns", "ThrottledException"),
        ("sqs", "RequestThrottled"),
    ],
)
def test_a_service_that_throttles_is_unavailable(service: str, name: str) -> None:
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)
    status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    answer: Any = {"Error": {"Code": shape.error_code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert is_unavailable(ClientError(answer, "Any"))


def test_an_invalid_call_does_not_mean_that_a_service_is_unavailable(dynamodb: Any) -> None:
    with pytest.raises(ParamValidationError) as wrong:
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": 7}})
    assert not is_unavailable(wrong.value)
    assert is_unavailable(EndpointConnectionError(endpoint_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_means_that_the_store_is_unavailable(dynamodb: Any, code: str) -> None:
    raising(dynamodb, "TransactWriteItems", cancelled("None", code))
    with pytest.raises(Unavailable) as refusal:
        DynamoPosts(dynamodb, TABLE).add(POST)
    assert is_unavailable(refusal.value)


def test_a_transaction_conflict_raises_conflict(dynamodb: Any) -> None:
    raising(dynamodb, "TransactWriteItems", cancelled("None", "TransactionConflict"))
    with pytest.raises(Conflict):
        DynamoPosts(dynamodb, TABLE).add(POST)


@pytest.mark.parametrize("times", [1, 1_000])
def test_a_score_is_retried_after_a_conflict_with_a_revision(dynamodb: Any, times: int) -> None:
    dynamodb.put_item(TableName=TABLE, Item=post_item(POST))
    answer: Any = {"Error": {"Code": "TransactionConflictException", "Message": ""}}
    raising(dynamodb, "UpdateItem", ClientError(answer, "UpdateItem"), times=times)
    with nullcontext() if times == 1 else pytest.raises(Conflict):
        Scores(dynamodb, TABLE).handle_event(
            f'{{"type": "score.changed", "post_id": "{POST.id}", "score": 1, "version": 1}}'
        )
    assert DynamoPosts(dynamodb, TABLE).get(POST.id).score == (1 if times == 1 else 0)


def test_an_older_score_and_the_score_of_a_withdrawn_post_are_ignored(dynamodb: Any) -> None:
    scores = Scores(dynamodb, TABLE)
    scores.handle_event(f'{{"type": "score.changed", "post_id": "{POST.id}", "score": 9, "version": 9}}')
    dynamodb.put_item(TableName=TABLE, Item=post_item(POST))
    for score, version in [(2, 2), (1, 1), (2, 2)]:
        scores.handle_event(
            f'{{"type": "score.changed", "post_id": "{POST.id}", "score": {score}, "version": {version}}}'
        )
    assert DynamoPosts(dynamodb, TABLE).get(POST.id).score == 2


@pytest.mark.parametrize(
    "fields",
    ['"post_id": null, "score": 1', f'"post_id": "{POST.id}", "score": 1.5', f'"post_id": "{POST.id}", "score": "1"'],
)
def test_a_malformed_score_raises_and_changes_nothing(dynamodb: Any, fields: str) -> None:
    dynamodb.put_item(TableName=TABLE, Item=post_item(POST))
    scores = Scores(dynamodb, TABLE)
    with pytest.raises(msgspec.ValidationError):
        scores.handle_event(f'{{"type": "score.changed", "version": 1, {fields}}}')
    with pytest.raises(msgspec.ValidationError):
        scores.handle_event('{"type": null}')
    assert DynamoPosts(dynamodb, TABLE).get(POST.id).score == 0


def test_unprocessed_keys_of_a_batch_are_requested_again(dynamodb: Any) -> None:
    keys = [{"pk": text(f"p{place}"), "sk": text("x")} for place in range(30)]
    batch_write(dynamodb, TABLE, [{"PutRequest": {"Item": key}} for key in keys])
    throttled = ThrottledTable(most=10)
    dynamodb.meta.events.register("provide-client-params.dynamodb.BatchGetItem", throttled.cut)
    dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", throttled.add_unprocessed)
    assert len(list(batch_get(dynamodb, TABLE, keys))) == 30


def test_a_table_that_processes_no_item_is_unavailable(dynamodb: Any) -> None:
    def refuse(request: Any, **_: object) -> AWSResponse:
        body = f'{{"UnprocessedItems": {{"{TABLE}": [{{"DeleteRequest": {{"Key": {{}}}}}}]}}}}'
        return AWSResponse(request.url, 200, {}, MockRawResponse(body))

    dynamodb.meta.events.register_first("before-send.dynamodb.BatchWriteItem", refuse)
    with pytest.raises(Unavailable):
        batch_write(dynamodb, TABLE, [{"DeleteRequest": {"Key": {"pk": text("p"), "sk": text("x")}}}])


class ThrottledTable:
    """A table that reads at most `most` keys of a batch and returns the others as unprocessed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest: list[Any] = []

    def cut(self, params: dict[str, Any], **_: object) -> dict[str, Any]:
        keys = params["RequestItems"][TABLE]["Keys"]
        self._rest = keys[self._most :]
        return {"RequestItems": {TABLE: {**params["RequestItems"][TABLE], "Keys": keys[: self._most]}}}

    def add_unprocessed(self, parsed: dict[str, Any], **_: object) -> None:
        if self._rest:
            parsed["UnprocessedKeys"] = {TABLE: {"Keys": self._rest, "ConsistentRead": True}}
