"""Check what protects a deployment on AWS: cost caps, private buckets, encryption, deletion protection and alarms."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from microservices.deploy import templates
from microservices.deploy.deployment import TABLE_SCALING, Deployment
from tests.contract.openapi import document

BUDGET = TABLE_SCALING.with_name("budget.yaml")
USER_DATA = {"users", "posts", "votes", "orders", "feedback"}
RANDOM_SUFFIX = re.compile(r"-.{6}$")  # Secrets Manager appends such a suffix to a secret's name in its ARN

every_service = pytest.mark.parametrize("service", templates.services())


def test_both_apis_have_a_throttle_with_a_default_below_the_quota_of_the_account() -> None:
    quotas = {"platform": 10_000, "live": 10_000}
    for service, quota in quotas.items():
        (stage,) = templates.resources(service, "AWS::ApiGatewayV2::Stage").values()
        assert stage["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": {"Ref": "ThrottlingRate"},
            "ThrottlingBurstLimit": {"Ref": "ThrottlingBurst"},
        }
        assert 0 < _default(service, "ThrottlingRate") < quota


def test_each_operation_that_writes_without_a_token_has_a_lower_throttle() -> None:
    (stage,) = templates.resources("platform", "AWS::ApiGatewayV2::Stage").values()
    condition, settings, otherwise = stage["RouteSettings"]["Fn::If"]
    assert (condition, otherwise) == ("OpenRoutesExist", {"Ref": "AWS::NoValue"})
    assert set(settings) == {
        f"POST {path}"
        for path, item in document()["paths"].items()
        if "post" in item and not item["post"].get("security")
    }
    for each in settings.values():
        assert each == {
            "ThrottlingRateLimit": {"Ref": "OpenRouteRate"},
            "ThrottlingBurstLimit": {"Ref": "OpenRouteBurst"},
        }
    assert _default("platform", "OpenRouteRate") < _default("platform", "ThrottlingRate")


@pytest.mark.parametrize(("deployed", "value"), [(["users", "feedback"], "true"), (["users"], "false"), ([], "false")])
def test_open_routes_are_limited_once_their_services_exist(deployed: list[str], value: str) -> None:
    cloudformation = RecordingCloudFormation({f"stage-{service}" for service in deployed})
    deployment = Deployment(SimpleNamespace(client=lambda service: cloudformation), "stage", "bucket", {})
    deployment.deploy_service("platform", "release")
    assert cloudformation.parameters["OpenRoutesExist"] == value


class RecordingCloudFormation:
    """CloudFormation with some stacks. It records the parameters of a change set that changes nothing."""

    def __init__(self, stacks: set[str]) -> None:
        self.parameters: dict[str, str] = {}
        self._stacks = stacks

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803  boto3's names
        if StackName not in self._stacks:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"{StackName} does not exist"}}, "DescribeStacks"
            )
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}

    def create_change_set(self, *, Parameters: list[dict[str, str]], **_: object) -> Any:  # noqa: N803
        self.parameters = {each["ParameterKey"]: each["ParameterValue"] for each in Parameters}
        return {"Id": "one"}

    def describe_change_set(self, **_: object) -> Any:
        return {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}

    def delete_change_set(self, **_: object) -> None:
        """Delete nothing: there is none."""


def test_new_connections_have_a_lower_throttle_and_their_route_exists_first() -> None:
    stage = templates.load("live")["Resources"]["ApiStage"]
    limits = stage["Properties"]["RouteSettings"]["$connect"]
    assert limits == {"ThrottlingRateLimit": {"Ref": "ConnectRate"}, "ThrottlingBurstLimit": {"Ref": "ConnectBurst"}}
    assert _default("live", "ConnectRate") < _default("live", "ThrottlingRate")
    assert stage["DependsOn"] == "ConnectRoute"


def test_a_budget_notifies_at_half_of_the_limit_at_the_limit_and_when_it_is_forecast() -> None:
    (budget,) = templates.parse(BUDGET)["Resources"].values()
    notifications = [each["Notification"] for each in budget["Properties"]["NotificationsWithSubscribers"]]
    assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "Dollars"}, "Unit": "USD"}
    assert [(each["NotificationType"], each["Threshold"]) for each in notifications] == [
        ("ACTUAL", 50),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]


@every_service
def test_no_bucket_on_aws_is_public(service: str) -> None:
    for bucket in templates.resources(service, "AWS::S3::Bucket").values():
        assert set(_on_aws(bucket["PublicAccessBlockConfiguration"]).values()) == {True}
    for policy in templates.resources(service, "AWS::S3::BucketPolicy").values():
        for statement in _on_aws(policy["PolicyDocument"]["Statement"]):
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert "distribution/${Distribution}" in str(statement["Condition"]["StringEquals"]["aws:SourceArn"])


@pytest.mark.parametrize("service", ["votes", "site"])
def test_no_header_and_no_query_of_a_client_reaches_s3_on_aws(service: str) -> None:
    (distribution,) = templates.resources(service, "AWS::CloudFront::Distribution").values()
    (access,) = templates.resources(service, "AWS::CloudFront::OriginAccessControl").values()
    behaviour = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    assert access["OriginAccessControlConfig"]["SigningBehavior"] == "always"  # replaces `Authorization`
    assert "OriginRequestPolicyId" not in behaviour
    integrations = templates.resources(service, "AWS::ApiGatewayV2::Integration").values()
    proxies = [each for each in integrations if each["IntegrationType"] == "HTTP_PROXY"]
    assert [_on_aws(each["IntegrationUri"]) for each in proxies] == [{"Fn::Sub": "https://${Distribution.DomainName}"}]


@every_service
def test_user_data_has_deletion_protection_as_a_parameter_and_backups(service: str) -> None:
    for table in templates.resources(service, "AWS::DynamoDB::Table").values():
        assert ("DeletionProtectionEnabled" in table) == (service in USER_DATA)
        assert ("PointInTimeRecoverySpecification" in table) == (service in USER_DATA)
        if service in USER_DATA:
            assert table["DeletionProtectionEnabled"]["Fn::If"] == ["Protected", True, False]
            assert _default(service, "DeletionProtection") == "false"


@every_service
def test_the_name_of_a_bucket_contains_account_and_region(service: str) -> None:
    for bucket in templates.resources(service, "AWS::S3::Bucket").values():
        assert bucket["BucketName"]["Fn::Sub"].endswith("-${AWS::AccountId}-${AWS::Region}")


def test_the_name_of_the_secret_does_not_end_like_its_arn() -> None:
    (secret,) = templates.resources("platform", "AWS::SecretsManager::Secret").values()
    assert not RANDOM_SUFFIX.search(secret["Name"]["Fn::Sub"])


def test_events_and_views_are_encrypted() -> None:
    topics = templates.resources("platform", "AWS::SNS::Topic")
    (stream,) = templates.resources("trending", "AWS::Kinesis::Stream").values()
    assert topics["EventsTopic"]["KmsMasterKeyId"] == "alias/aws/sns"
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}


def test_the_load_balancer_serves_http_on_aws_only_on_request() -> None:
    (rule,) = templates.load("balancer")["Rules"].values()
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"]["Fn::Or"][:2] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]},
        {"Fn::Equals": [{"Ref": "PlainHttp"}, "true"]},
    ]
    assert _default("balancer", "PlainHttp") == "false"


def test_the_live_api_can_log_connections() -> None:
    (stage,) = templates.resources("live", "AWS::ApiGatewayV2::Stage").values()
    condition, settings, _ = stage["AccessLogSettings"]["Fn::If"]
    assert condition == "Logged"
    assert "$context.requestId" in settings["Format"]


def test_alarms_watch_the_failures_and_the_throttles_of_the_api() -> None:
    alarms = templates.resources("platform", "AWS::CloudWatch::Alarm")
    (filter_of_429,) = (
        each
        for each in templates.resources("platform", "AWS::Logs::MetricFilter").values()
        if each["LogGroupName"] == {"Ref": "AccessLogs"}
    )
    assert (alarms["ApiFailures"]["Namespace"], alarms["ApiFailures"]["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert alarms["ApiFailures"]["Dimensions"] == [{"Name": "ApiId", "Value": {"Ref": "HttpApi"}}]
    assert filter_of_429["FilterPattern"] == "{ $.status = 429 }"
    assert alarms["ApiThrottles"]["MetricName"] == filter_of_429["MetricTransformations"][0]["MetricName"]


def test_the_dashboard_of_a_stage_shows_the_api_functions_streams_queues_and_tables() -> None:
    (dashboard,) = templates.resources("platform", "AWS::CloudWatch::Dashboard").values()
    widgets = dashboard["DashboardBody"]["Fn::ToJsonString"]["widgets"]
    searches = " ".join(each["properties"]["metrics"][0][0]["expression"]["Fn::Sub"] for each in widgets)
    for metric in (
        "5xx",
        "Errors",
        "Throttles",
        "Duration",
        "IteratorAge",
        "ApproximateAgeOfOldestMessage",
        "WriteThrottleEvents",
    ):
        assert metric in searches
    assert len({(each["x"], each["y"]) for each in widgets}) == len(widgets)


def _default(service: str, parameter: str) -> Any:
    return templates.load(service)["Parameters"][parameter]["Default"]


def _on_aws(node: Any) -> Any:
    """Return a piece of a template with the values that it has on AWS."""
    if isinstance(node, list):
        return [_on_aws(each) for each in node]
    if not isinstance(node, dict):
        return node
    match node.get("Fn::If"):
        case ["Local", _, on_aws]:
            return _on_aws(on_aws)
        case ["OnAws", on_aws, _]:
            return _on_aws(on_aws)
    return {key: _on_aws(each) for key, each in node.items()}
