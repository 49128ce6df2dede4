"""Check the templates: routes, roles, logs, alarms, queues and capacity parameters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservices.deploy import templates
from microservices.deploy.deployment import TABLE_SCALING
from microservices.deploy.local_aws import LocalAws

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

UNLIMITED = -1
STREAM_RETENTION_SECONDS = 24 * 3600

LOOPS = """
Mappings:
  Names:
    Votes: {Name: votes}
Resources:
  Table: {Type: T}
  Fn::ForEach::Functions:
    - Function
    - [Votes]
    - ${Function}Logs:
        Name: !Sub ["${Stage}-${Name}", {Name: !FindInMap [Names, !Ref Function, Name]}]
        Of: [{Ref: !Sub "${Function}Function"}, !GetAtt [!Ref Function, Arn]]
      Fn::ForEach::Metrics:
        - Metric
        - [Errors]
        - ${Function}${Metric}:
            Name: !Sub ["${Stage}-${Name}-${Metric}", {Name: !FindInMap [Names, !Ref Function, Name]}]
            Metric: !Ref Metric
  Fn::ForEach::Routes:
    - RouteKey
    - ["GET /posts/{post_id}"]
    - Route&{RouteKey}:
        Key: !Ref RouteKey
        Target: !Sub integrations/${Http}
"""

every_service = pytest.mark.parametrize("service", templates.services())


def test_every_operation_of_the_contract_is_one_route() -> None:
    assert sorted(route["RouteKey"] for route in _routes()) == sorted(_operations())


def test_a_route_has_the_authorizer_exactly_where_the_contract_requires_a_token() -> None:
    guarded = {route["RouteKey"] for route in _routes() if route.get("AuthorizationType") == "CUSTOM"}
    assert guarded == {key for key, operation in _operations().items() if operation.get("security")}


def test_export_names_are_unique() -> None:
    names = [
        each["Export"]["Name"]["Fn::Sub"]
        for service in templates.services()
        for each in _outputs(service)
        if "Export" in each
    ]
    assert len(names) == len(set(names))


def test_only_the_users_service_imports_the_token_secret() -> None:
    importers = [
        service for service in templates.services() if "token-secret-arn" in str(templates.load(service)["Resources"])
    ]
    assert importers == ["users"]


@every_service
def test_every_function_is_named_after_its_service_and_is_in_its_package(service: str) -> None:
    for name, handler in templates.functions(service).items():
        assert name.startswith(f"{service}-")
        assert handler.startswith(f"microservices.{service}.")


@every_service
def test_every_function_has_a_role_of_its_own(service: str) -> None:
    roles = [function["Role"]["Fn::GetAtt"] for function in _functions(service).values()]
    assert len(roles) == len(set(roles))
    assert {role.removesuffix(".Arn") for role in roles} == set(templates.resources(service, "AWS::IAM::Role"))


@every_service
def test_no_role_has_a_wildcard_as_action_or_resource(service: str) -> None:
    for statement in _statements(service):
        assert "*" not in _texts(statement["Resource"]), statement
        assert not any("*" in action for action in _texts(statement["Action"])), statement


@every_service
def test_every_function_has_a_log_group_with_a_retention(service: str) -> None:
    logs = templates.resources(service, "AWS::Logs::LogGroup")
    for function in _functions(service).values():
        group = logs[function["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["LogGroupName"]["Fn::Sub"] == "/aws/lambda/" + function["FunctionName"]["Fn::Sub"]
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@every_service
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_an_alarm_on_its_errors_and_throttles(service: str, metric: str) -> None:
    assert _watched(service, "AWS/Lambda", metric) == set(_functions(service))


@every_service
def test_an_alarm_watches_the_age_of_what_waits_for_a_function(service: str) -> None:
    functions = _functions(service).values()
    kinds = {"DynamoDB": "AWS/Lambda", "Kinesis": "AWS/Lambda", "SQS": "AWS/SQS"}
    expected = {
        (kinds[event["Type"]], function["FunctionName"]["Fn::Sub"])  # the queue has the function's name
        for function in functions
        for event in function.get("Events", {}).values()
        if event["Type"] in kinds
    }
    assert {
        (each["Namespace"], each["Dimensions"][0]["Value"]["Fn::Sub"])
        for each in templates.resources(service, "AWS::CloudWatch::Alarm").values()
        if each["MetricName"] in ("IteratorAge", "ApproximateAgeOfOldestMessage")
    } == expected


@every_service
def test_the_billing_mode_of_a_table_is_a_parameter_and_on_demand_by_default(service: str) -> None:
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
        assert table["OnDemandThroughput"]["Fn::If"][1:] == [
            {"Ref": "AWS::NoValue"},
            {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}},
        ]
        (scaling,) = templates.resources(service, "AWS::CloudFormation::Stack").values()
        assert set(scaling["Parameters"]) | {"Utilization"} == set(templates.parse(TABLE_SCALING)["Parameters"])


@every_service
def test_an_http_function_can_have_reserved_and_provisioned_concurrency(service: str) -> None:
    for function in _functions(service).values():
        if function["FunctionName"]["Fn::Sub"].endswith("-http"):
            (alias,) = templates.resources(service, "AWS::Lambda::Alias").values()
            integration = templates.resources(service, "AWS::ApiGatewayV2::Integration")["HttpIntegration"]
            assert function["ReservedConcurrentExecutions"]["Fn::If"][1] == {"Ref": "ReservedConcurrency"}
            assert alias["ProvisionedConcurrencyConfig"] == {
                "ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}
            }
            assert integration["IntegrationUri"]["Fn::If"][:2] == ["Warm", {"Ref": "HttpAlias"}]


@every_service
def test_every_queue_without_a_consumer_has_an_alarm_on_its_messages(service: str) -> None:
    emptied = {event["Queue"]["Fn::GetAtt"].removesuffix(".Arn") for event in _events(service, "SQS")}
    queues = set(templates.resources(service, "AWS::SQS::Queue"))
    assert _watched(service, "AWS/SQS", "ApproximateNumberOfMessagesVisible") == queues - emptied


@every_service
def test_a_stream_is_retried_for_half_of_its_retention_and_has_a_failure_destination(service: str) -> None:
    tables, streams = _events(service, "DynamoDB"), _events(service, "Kinesis")
    assert all(
        "FilterCriteria" in event for event in tables
    )  # a table's stream carries more than any one function needs
    for event in [*tables, *streams]:
        assert set(event) >= STREAM_SETTINGS
        assert event["MaximumRetryAttempts"] == UNLIMITED  # a number of attempts would end within minutes
        assert event["MaximumRecordAgeInSeconds"] <= STREAM_RETENTION_SECONDS / 2
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        destination = event["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
        assert destination.removesuffix(".Arn") in templates.resources(service, "AWS::SQS::Queue")


@every_service
def test_a_subscription_has_a_queue_for_the_events_that_the_topic_cannot_deliver(service: str) -> None:
    subscriptions = [*templates.resources(service, "AWS::SNS::Subscription").values(), *_events(service, "SNS")]
    queues = [each["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"].removesuffix(".Arn") for each in subscriptions]
    assert len(queues) == len(set(queues))
    for queue in queues:
        assert templates.resources(service, "AWS::SQS::Queue")[queue]["MessageRetentionPeriod"] == 14 * 24 * 3600
        policy = templates.resources(service, "AWS::SQS::QueuePolicy")[f"{queue}Policy"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert policy["Queues"] == [{"Ref": queue}]
        assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
        assert statement["Resource"] == {"Fn::GetAtt": f"{queue}.Arn"}
        assert "events-topic-arn" in str(statement["Condition"]["ArnEquals"]["aws:SourceArn"])


@every_service
def test_a_queue_with_a_consumer_has_dead_letters(service: str) -> None:
    queues = templates.resources(service, "AWS::SQS::Queue")
    for event in _events(service, "SQS"):
        queue = queues[event["Queue"]["Fn::GetAtt"].removesuffix(".Arn")]
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] > 0
        assert queue["VisibilityTimeout"] >= 6 * templates.load(service)["Globals"]["Function"]["Timeout"]


def test_a_loop_becomes_one_resource_per_item(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(LOOPS)
    assert templates.parse(tmp_path / "template.yaml")["Resources"] == {
        "Table": {"Type": "T"},
        "VotesLogs": {
            "Name": {"Fn::Sub": "${Stage}-votes"},
            "Of": [{"Ref": "VotesFunction"}, {"Fn::GetAtt": "Votes.Arn"}],
        },
        "VotesErrors": {"Name": {"Fn::Sub": "${Stage}-votes-Errors"}, "Metric": "Errors"},
        "RouteGETpostspostid": {"Key": "GET /posts/{post_id}", "Target": {"Fn::Sub": "integrations/${Http}"}},
    }


@pytest.mark.live
@every_service
def test_the_local_aws_deploys_the_resources_that_the_tools_read(local_aws_stack: LocalAws, service: str) -> None:
    stage, client = local_aws_stack.deployment.stage, local_aws_stack.emulator.client
    listed = client("cloudformation").list_stack_resources(StackName=f"{stage}-{service}")["StackResourceSummaries"]
    resources = templates.load(service)["Resources"]
    unconditional = {name for name, each in resources.items() if "Condition" not in each}
    assert unconditional <= {each["LogicalResourceId"] for each in listed}
    alarms = client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{stage}-{service}-")["MetricAlarms"]
    wanted = templates.resources(service, "AWS::CloudWatch::Alarm").values()
    assert {each["AlarmName"]: each["AlarmDescription"] for each in alarms} == {
        each["AlarmName"]["Fn::Sub"].replace("${Stage}", stage): each["AlarmDescription"] for each in wanted
    }


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
    references = [
        each["Dimensions"][0]["Value"]
        for each in alarms
        if (each["Namespace"], each["MetricName"]) == (namespace, metric)
    ]
    assert all("AlarmActions" in each for each in alarms)
    return {each["Ref"] if "Ref" in each else each["Fn::GetAtt"].partition(".")[0] for each in references}
