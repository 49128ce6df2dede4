"""What AWS does and the local one never: load refused, transactions throttled, conflicts on single writes, batches with a rest."""

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
    left = iter(range(times))

    def fail(**_: object) -> None:
        if next(left, None) is not None:
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
def test_a_service_that_refuses_load_is_away(service: str, name: str) -> None:
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)
    status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    answer: Any = {"Error": {"Code": shape.error_code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert is_unavailable(ClientError(answer, "Any"))


def test_a_call_that_is_wrong_is_no_service_that_is_away(dynamodb: Any) -> None:
    with pytest.raises(ParamValidationError) as wrong:
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": 7}})
    assert not is_unavailable(wrong.value)
    assert is_unavailable(EndpointConnectionError(endpoint_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_a_store_that_is_away(dynamodb: Any, code: str) -> None:
    raising(dynamodb, "TransactWriteItems", cancelled("None", code))
    with pytest.raises(Unavailable) as refusal:
        DynamoPosts(dynamodb, TABLE).add(POST)
    assert is_unavailable(refusal.value)


def test_a_transaction_that_meets_another_is_a_conflict(dynamodb: Any) -> None:
    raising(dynamodb, "TransactWriteItems", cancelled("None", "TransactionConflict"))
    with pytest.raises(Conflict):
        DynamoPosts(dynamodb, TABLE).add(POST)


@pytest.mark.parametrize("times", [1, 1_000])
def test_a_score_that_meets_a_revision_is_set_after_it_or_comes_again(dynamodb: Any, times: int) -> None:
    dynamodb.put_item(TableName=TABLE, Item=post_item(POST))
    answer: Any = {"Error": {"Code": "TransactionConflictException", "Message": ""}}
    raising(dynamodb, "UpdateItem", ClientError(answer, "UpdateItem"), times=times)
    with nullcontext() if times == 1 else pytest.raises(Conflict):
        Scores(dynamodb, TABLE).handle_event(
            f'{{"type": "score.changed", "post_id": "{POST.id}", "score": 1, "version": 1}}'
        )
    assert DynamoPosts(dynamodb, TABLE).get(POST.id).score == (1 if times == 1 else 0)


def test_an_older_score_and_one_of_a_post_that_is_gone_are_passed_over(dynamodb: Any) -> None:
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
def test_a_score_that_cannot_be_read_is_not_taken_for_another(dynamodb: Any, fields: str) -> None:
    dynamodb.put_item(TableName=TABLE, Item=post_item(POST))
    scores = Scores(dynamodb, TABLE)
    with pytest.raises(msgspec.ValidationError):
        scores.handle_event(f'{{"type": "score.changed", "version": 1, {fields}}}')
    with pytest.raises(msgspec.ValidationError):
        scores.handle_event('{"type": null}')
    assert DynamoPosts(dynamodb, TABLE).get(POST.id).score == 0


def test_what_a_loaded_table_leaves_over_of_a_batch_is_asked_for_again(dynamodb: Any) -> None:
    keys = [{"pk": text(f"p{place}"), "sk": text("x")} for place in range(30)]
    batch_write(dynamodb, TABLE, [{"PutRequest": {"Item": key}} for key in keys])
    loaded = Loaded(most=10)
    dynamodb.meta.events.register("provide-client-params.dynamodb.BatchGetItem", loaded.cut)
    dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", loaded.leave_over)
    assert len(list(batch_get(dynamodb, TABLE, keys))) == 30


def test_a_table_that_leaves_over_everything_is_away(dynamodb: Any) -> None:
    def refuse(request: Any, **_: object) -> AWSResponse:
        body = f'{{"UnprocessedItems": {{"{TABLE}": [{{"DeleteRequest": {{"Key": {{}}}}}}]}}}}'
        return AWSResponse(request.url, 200, {}, MockRawResponse(body))

    dynamodb.meta.events.register_first("before-send.dynamodb.BatchWriteItem", refuse)
    with pytest.raises(Unavailable):
        batch_write(dynamodb, TABLE, [{"DeleteRequest": {"Key": {"pk": text("p"), "sk": text("x")}}}])


class Loaded:
    """A table that reads at most so many keys of a batch and leaves over the rest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: list[Any] = []

    def cut(self, params: dict[str, Any], **_: object) -> dict[str, Any]:
        asked = params["RequestItems"][TABLE]["Keys"]
        self._left = asked[self._most :]
        return {"RequestItems": {TABLE: {**params["RequestItems"][TABLE], "Keys": asked[: self._most]}}}

    def leave_over(self, parsed: dict[str, Any], **_: object) -> None:
        if self._left:
            parsed["UnprocessedKeys"] = {TABLE: {"Keys": self._left, "ConsistentRead": True}}
