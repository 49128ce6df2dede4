"""The templates keep their promises, read as they go to AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservices.deploy import templates
from microservices.deploy.deployment import PART

CONTRACT = yaml.load((Path(__file__).parents[2] / "docs/openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
METHODS = ("get", "post", "put", "patch", "delete")
STREAM_SETTINGS = {
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
}

every_room = pytest.mark.parametrize("service", templates.services())


def test_every_operation_of_the_contract_is_one_route_of_one_room() -> None:
    assert sorted(route["RouteKey"] for route in _routes()) == sorted(_operations())


def test_a_route_asks_who_calls_exactly_where_the_contract_asks_for_a_token() -> None:
    guarded = {route["RouteKey"] for route in _routes() if route.get("AuthorizationType") == "CUSTOM"}
    assert guarded == {key for key, operation in _operations().items() if operation.get("security")}


def test_no_two_rooms_export_the_same_name() -> None:
    names = [
        each["Export"]["Name"]["Fn::Sub"]
        for service in templates.services()
        for each in _outputs(service)
        if "Export" in each
    ]
    assert len(names) == len(set(names))


def test_only_the_users_room_is_given_the_secret_of_the_tokens() -> None:
    givers = [
        service for service in templates.services() if "token-secret-arn" in str(templates.load(service)["Resources"])
    ]
    assert givers == ["users"]


@every_room
def test_every_function_is_named_for_its_room_and_lies_in_it(service: str) -> None:
    for name, handler in templates.functions(service).items():
        assert name.startswith(f"{service}-")
        assert handler.startswith(f"microservices.{service}.")


@every_room
def test_every_function_has_a_role_that_no_other_has(service: str) -> None:
    roles = [function["Role"]["Fn::GetAtt"] for function in _functions(service).values()]
    assert len(roles) == len(set(roles))
    assert {role.removesuffix(".Arn") for role in roles} == set(templates.resources(service, "AWS::IAM::Role"))


@every_room
def test_no_role_may_do_or_reach_everything(service: str) -> None:
    for statement in _statements(service):
        assert "*" not in _texts(statement["Resource"]), statement
        assert not any("*" in action for action in _texts(statement["Action"])), statement


@every_room
def test_every_function_keeps_its_log_for_a_time_that_is_set(service: str) -> None:
    logs = templates.resources(service, "AWS::Logs::LogGroup")
    for function in _functions(service).values():
        group = logs[function["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["LogGroupName"]["Fn::Sub"] == "/aws/lambda/" + function["FunctionName"]["Fn::Sub"]
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@every_room
def test_every_function_raises_an_alarm_when_it_fails(service: str) -> None:
    assert _watched(service, "AWS/Lambda", "Errors") == set(_functions(service))


@every_room
def test_how_a_table_is_paid_for_is_a_parameter_and_by_request_where_nobody_says(service: str) -> None:
    parameters = templates.load(service)["Parameters"]
    for table in templates.resources(service, "AWS::DynamoDB::Table").values():
        assert parameters["BillingMode"]["Default"] == "PAY_PER_REQUEST"
        assert table["BillingMode"] == {"Ref": "BillingMode"}
        condition, provisioned, otherwise = table["ProvisionedThroughput"]["Fn::If"]
        assert (condition, otherwise) == ("Provisioned", {"Ref": "AWS::NoValue"})
        assert provisioned == {
            "ReadCapacityUnits": {"Ref": "ReadCapacity"},
            "WriteCapacityUnits": {"Ref": "WriteCapacity"},
        }
        (scaling,) = templates.resources(service, "AWS::CloudFormation::Stack").values()
        assert set(scaling["Parameters"]) | {"Utilization"} == set(templates.parse(PART)["Parameters"])


@every_room
def test_a_function_that_answers_http_can_be_bounded_and_kept_warm(service: str) -> None:
    for function in _functions(service).values():
        if function["FunctionName"]["Fn::Sub"].endswith("-http"):
            (alias,) = templates.resources(service, "AWS::Lambda::Alias").values()
            integration = templates.resources(service, "AWS::ApiGatewayV2::Integration")["HttpIntegration"]
            assert function["ReservedConcurrentExecutions"]["Fn::If"][1] == {"Ref": "ReservedConcurrency"}
            assert alias["ProvisionedConcurrencyConfig"] == {
                "ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}
            }
            assert integration["IntegrationUri"]["Fn::If"][:2] == ["Warm", {"Ref": "HttpAlias"}]


@every_room
def test_every_queue_that_nothing_empties_raises_an_alarm_when_it_fills(service: str) -> None:
    emptied = {event["Queue"]["Fn::GetAtt"].removesuffix(".Arn") for event in _events(service, "SQS")}
    queues = set(templates.resources(service, "AWS::SQS::Queue"))
    assert _watched(service, "AWS/SQS", "ApproximateNumberOfMessagesVisible") == queues - emptied


@every_room
def test_what_a_stream_cannot_deliver_goes_somewhere_after_a_bounded_number_of_tries(service: str) -> None:
    tables, streams = _events(service, "DynamoDB"), _events(service, "Kinesis")
    assert all("FilterCriteria" in event for event in tables)  # a table's stream tells of more than anybody wants
    for event in [*tables, *streams]:
        assert set(event) >= STREAM_SETTINGS
        assert event["MaximumRetryAttempts"] > 0
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        destination = event["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
        assert destination.removesuffix(".Arn") in templates.resources(service, "AWS::SQS::Queue")


@every_room
def test_what_a_queue_cannot_deliver_goes_to_dead_letters(service: str) -> None:
    queues = templates.resources(service, "AWS::SQS::Queue")
    for event in _events(service, "SQS"):
        queue = queues[event["Queue"]["Fn::GetAtt"].removesuffix(".Arn")]
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] > 0
        assert queue["VisibilityTimeout"] >= 6 * templates.load(service)["Globals"]["Function"]["Timeout"]


def _routes() -> list[dict[str, Any]]:
    """Return the routes of the HTTP API; those of the WebSocket API have no method and no path."""
    routes = [
        each
        for service in templates.services()
        for each in templates.resources(service, "AWS::ApiGatewayV2::Route").values()
    ]
    return [each for each in routes if " " in each["RouteKey"]]


def _operations() -> dict[str, dict[str, Any]]:
    paths = CONTRACT["paths"].items()
    return {f"{method.upper()} {path}": each[method] for path, each in paths for method in METHODS if method in each}


def _outputs(service: str) -> Iterator[dict[str, Any]]:
    yield from templates.load(service).get("Outputs", {}).values()


def _functions(service: str) -> dict[str, dict[str, Any]]:
    return templates.resources(service, "AWS::Serverless::Function")


def _events(service: str, kind: str) -> list[dict[str, Any]]:
    events = [event for function in _functions(service).values() for event in function.get("Events", {}).values()]
    return [event["Properties"] for event in events if event["Type"] == kind]


def _statements(service: str) -> Iterator[dict[str, Any]]:
    for role in templates.resources(service, "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _watched(service: str, namespace: str, metric: str) -> set[str]:
    """Return the logical names of what the service's alarms on this metric watch."""
    alarms = templates.resources(service, "AWS::CloudWatch::Alarm").values()
    found = [
        each["Dimensions"][0]["Value"]
        for each in alarms
        if (each["Namespace"], each["MetricName"]) == (namespace, metric)
    ]
    assert all("AlarmActions" in each for each in alarms)
    return {each["Ref"] if "Ref" in each else each["Fn::GetAtt"].partition(".")[0] for each in found}
