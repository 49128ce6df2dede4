"""Each function can do what its role grants, and the local AWS denies everything else.

A probe is a function that runs with the role of another one, makes each call and returns the errors. An allowed call changes
nothing. The grants are read from the deployed role, so a new function, table or queue is covered as soon as a template has it.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from microservices.deploy import templates
from microservices.deploy.emulator import REGION
from microservices.deploy.local_aws import LocalAws

pytestmark = pytest.mark.live

PROBE = """
from functools import cache
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

@cache
def client(service, endpoint):
    return boto3.client(service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}))

def lambda_handler(calls, context):
    print("probing")
    return [attempt(**call) for call in calls]

def attempt(service, operation, parameters, endpoint=None, **_):
    try:
        getattr(client(service, endpoint), operation)(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""
NOTHING = {"pk": {"S": "no such thing"}, "sk": {"S": "no such thing"}}
ONLY_IF_THERE = {"ConditionExpression": "attribute_exists(pk)"}
# A key of every folder that some function may write to, and one that no function may.
KEYS = (
    "leaderboard.html",
    "leaderboard.json",
    "published.json",
    "site/x",
    "originals/x",
    "thumbnails/x",
    "anything-else",
)
PUBLIC = ("leaderboard.html", "site/")  # readable by everybody, whatever the role
SERVICE_OF = {name: service for service in templates.services() for name in templates.functions(service)}

Call = dict[str, Any]


class ProbeResult(NamedTuple):
    """A function, and for each call that was made with its role whether it was denied."""

    function: str
    answers: list[tuple[Call, bool]]


@pytest.fixture(scope="module")
def calls(local_aws_stack: LocalAws) -> list[Call]:
    """Return a call of every kind for every resource of every service."""
    return list(_calls(local_aws_stack))


@pytest.fixture(scope="module", params=SERVICE_OF)
def probe_result(request: pytest.FixtureRequest, local_aws_stack: LocalAws, calls: list[Call]) -> ProbeResult:
    """Return the results of all calls with the role of one function."""
    answers = _attempt(local_aws_stack, request.param, calls)
    return ProbeResult(request.param, [(call, _is_denial(answer)) for call, answer in zip(calls, answers, strict=True)])


@pytest.mark.one_variant
def test_a_function_can_do_what_its_role_grants_and_nothing_else(
    local_aws_stack: LocalAws, probe_result: ProbeResult
) -> None:
    granted = _granted(local_aws_stack, probe_result.function)
    allowed = {(call["action"], call["resource"]) for call, denied in probe_result.answers if not denied}
    assert allowed == {
        (call["action"], call["resource"])
        for call, _ in probe_result.answers
        if any(call["action"] == action and fnmatchcase(call["resource"], resource) for action, resource in granted)
    }


@pytest.mark.one_variant
def test_no_function_can_access_the_table_of_another_service(probe_result: ProbeResult) -> None:
    own = f"-{SERVICE_OF[probe_result.function]}"
    tables = [(call["resource"], denied) for call, denied in probe_result.answers if call["service"] == "dynamodb"]
    assert [table for table, denied in tables if not denied and not table.endswith(own)] == []


def test_search_cannot_read_the_users_table(local_aws_stack: LocalAws) -> None:
    table = f"{local_aws_stack.deployment.stage}-users"
    read = {"service": "dynamodb", "operation": "get_item", "parameters": {"TableName": table, "Key": NOTHING}}
    assert _attempt(local_aws_stack, "search-http", [read]) == ["AccessDeniedException"]
    assert _attempt(local_aws_stack, "users-http", [read]) == ["done"]


def _is_denial(code: str) -> bool:
    return "AccessDenied" in code or code == "AuthorizationError"  # the code of SNS


def _granted(stack: LocalAws, function: str) -> set[tuple[str, str]]:
    """Return the actions that the function's role allows, each with the resource."""
    iam, role = stack.emulator.client("iam"), _role(stack, function).rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    return {(action, arn) for each in statements for action in _list(each["Action"]) for arn in _list(each["Resource"])}


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _attempt(stack: LocalAws, function: str, calls: list[Call]) -> list[str]:
    """Return the error code of each call made with the function's role, or "done"."""
    with _probe(stack, function) as probe:
        answer = stack.emulator.client("lambda").invoke(FunctionName=probe, Payload=json.dumps(calls))
        assert "FunctionError" not in answer
        answers: list[str] = json.load(answer["Payload"])
    return answers


@contextmanager
def _probe(stack: LocalAws, function: str) -> Iterator[str]:
    name, lambdas, code = f"probe-{function}", stack.emulator.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", PROBE)
    lambdas.create_function(
        FunctionName=name,
        Role=_role(stack, function),
        Runtime="python3.13",
        Handler="probe.lambda_handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
    )
    try:
        yield name
    finally:
        lambdas.delete_function(FunctionName=name)


def _role(stack: LocalAws, function: str) -> str:
    name = f"{stack.deployment.stage}-{function}"
    role: str = stack.emulator.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    return role


def _calls(stack: LocalAws) -> Iterator[Call]:
    # Without CodeCommit, which the local AWS does not have.
    for service in templates.services():
        for calls in CALLS:
            yield from calls(stack, service)
        yield from _connection_calls(stack, service)
    for function in SERVICE_OF:
        name = f"{stack.deployment.stage}-{function}"
        arn = stack.emulator.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
        yield _call("lambda", "invoke", "InvokeFunction", arn, FunctionName=name, InvocationType="DryRun")


def _table_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for name in _physical(stack, service, "AWS::DynamoDB::Table"):
        table = stack.emulator.client("dynamodb").describe_table(TableName=name)["Table"]["TableArn"]
        one = {"TableName": name, "Key": NOTHING}
        by_key = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": NOTHING["pk"]}}
        delete = {"DeleteRequest": {"Key": NOTHING}}
        yield _call("dynamodb", "get_item", "GetItem", table, **one)
        yield _call("dynamodb", "put_item", "PutItem", table, TableName=name, Item=NOTHING, **ONLY_IF_THERE)
        yield _call("dynamodb", "update_item", "UpdateItem", table, **one, **ONLY_IF_THERE)
        yield _call("dynamodb", "delete_item", "DeleteItem", table, **one, **ONLY_IF_THERE)
        yield _call("dynamodb", "query", "Query", table, TableName=name, **by_key)
        yield _call("dynamodb", "scan", "Scan", table, TableName=name, Limit=1)
        yield _call("dynamodb", "batch_get_item", "BatchGetItem", table, RequestItems={name: {"Keys": [NOTHING]}})
        check = {"ConditionCheck": {**one, **ONLY_IF_THERE}}
        yield _call("dynamodb", "transact_write_items", "ConditionCheckItem", table, TransactItems=[check])
        yield _call("dynamodb", "batch_write_item", "BatchWriteItem", table, RequestItems={name: [delete]})


def _secret_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for name in _physical(stack, service, "AWS::SecretsManager::Secret"):
        arn = stack.emulator.client("secretsmanager").describe_secret(SecretId=name)["ARN"]
        yield _call("secretsmanager", "get_secret_value", "GetSecretValue", arn, SecretId=arn)


def _queue_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for url in _physical(stack, service, "AWS::SQS::Queue"):
        response = stack.emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = response["Attributes"]["QueueArn"]
        yield _call(
            "sqs", "send_message", "SendMessage", arn, QueueUrl=url, MessageBody="\ufffe"
        )  # invalid, so nothing is sent
        yield _call("sqs", "receive_message", "ReceiveMessage", arn, QueueUrl=url, VisibilityTimeout=0)


def _connection_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for api in _physical(stack, service, "AWS::ApiGatewayV2::Api"):
        arn = f"arn:aws:execute-api:us-east-1:000000000000:{api}/live/POST/@connections/*"
        endpoint = f"{stack.emulator.endpoint}/_aws/execute-api/{api}/live"
        call = _call(
            "apigatewaymanagementapi", "post_to_connection", "ManageConnections", arn, ConnectionId="-", Data=""
        )
        yield call | {"action": "execute-api:ManageConnections", "endpoint": endpoint}


def _bucket_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for bucket in _physical(stack, service, "AWS::S3::Bucket"):
        for key in KEYS:
            wrong_digest = {"Body": "no such body", "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
            arn, one = f"arn:aws:s3:::{bucket}/{key}", {"Bucket": bucket, "Key": key}
            yield _call("s3", "put_object", "PutObject", arn, **one, **wrong_digest)
            yield _call("s3", "delete_object", "DeleteObject", arn, **one)
            if not key.startswith(PUBLIC):
                yield _call("s3", "get_object", "GetObject", arn, **one)


def _topic_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for arn in _physical(stack, service, "AWS::SNS::Topic"):
        without_subscribers = {"type": {"DataType": "String", "StringValue": "nothing.happened"}}
        yield _call("sns", "publish", "Publish", arn, TopicArn=arn, Message="{}", MessageAttributes=without_subscribers)


def _stream_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    for name in _physical(stack, service, "AWS::Kinesis::Stream"):
        summary = stack.emulator.client("kinesis").describe_stream_summary(StreamName=name)
        arn = summary["StreamDescriptionSummary"]["StreamARN"]
        invalid_record = {"Data": "", "PartitionKey": "none", "ExplicitHashKey": "no number"}
        yield _call("kinesis", "put_records", "PutRecords", arn, StreamName=name, Records=[invalid_record])


def _connection_calls(stack: LocalAws, service: str) -> Iterator[Call]:
    gateway = stack.emulator.client("apigatewayv2")
    for api in _physical(stack, service, "AWS::ApiGatewayV2::Api"):
        if gateway.get_api(ApiId=api)["ProtocolType"] == "WEBSOCKET":
            (stage,) = (each["StageName"] for each in gateway.get_stages(ApiId=api)["Items"])
            arn = f"arn:aws:execute-api:{REGION}:000000000000:{api}/{stage}/POST/@connections/none"
            call = _call("apigatewaymanagementapi", "post_to_connection", "", arn, ConnectionId="none", Data="{}")
            endpoint = f"{stack.emulator.endpoint}/_aws/execute-api/{api}/{stage}"
            yield {**call, "action": "execute-api:ManageConnections", "endpoint": endpoint}


CALLS = (_table_calls, _secret_calls, _queue_calls, _bucket_calls, _topic_calls, _stream_calls, _connection_calls)


def _physical(stack: LocalAws, service: str, kind: str) -> list[str]:
    name = f"{stack.deployment.stage}-{service}"
    resources = stack.emulator.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == kind]


def _call(service: str, operation: str, action: str, resource: str, **parameters: Any) -> Call:
    return {
        "service": service,
        "operation": operation,
        "action": f"{service}:{action}",
        "resource": resource,
        "parameters": parameters,
    }
