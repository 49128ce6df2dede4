"""Capacity is a matter of parameters: paid for by request unless somebody asks for more, and any service can be asked for it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from microservices.deploy import templates
from microservices.deploy.deployment import Deployment
from microservices.deploy.local_aws import LocalAws

pytestmark = pytest.mark.live

ROOMS_WITH_A_TABLE = [
    service for service in templates.services() if templates.resources(service, "AWS::DynamoDB::Table")
]
PROVISIONED = {"BillingMode": "PROVISIONED", "ReadCapacity": "7", "WriteCapacity": "3"}
WARM = {"ProvisionedConcurrency": "1"}


@pytest.fixture
def users(local_aws_stack: LocalAws) -> Iterator[LocalAws]:
    """The deployed system; the users service is afterwards as it was."""
    try:
        yield local_aws_stack
    finally:
        deploy(local_aws_stack, {})


def deploy(stack: LocalAws, parameters: dict[str, str]) -> None:
    release = next(each.release for each in stack.packages if each.service == "users")
    stack.deployment.deploy_service("users", release, **parameters)


def table(deployment: Deployment, service: str) -> dict[str, Any]:
    name = f"{deployment.stage}-{service}"
    told: dict[str, Any] = deployment.aws.client("dynamodb").describe_table(TableName=name)["Table"]
    return told


def integrations(stack: LocalAws) -> list[dict[str, Any]]:
    gateway = stack.emulator.client("apigatewayv2")
    (api,) = (each["ApiId"] for each in gateway.get_apis()["Items"] if each["ProtocolType"] == "HTTP")
    found: list[dict[str, Any]] = gateway.get_integrations(ApiId=api, MaxResults="100")["Items"]
    return found


@pytest.mark.parametrize("service", ROOMS_WITH_A_TABLE)
def test_a_table_is_paid_for_by_request_where_nobody_asks_for_more(local_aws_stack: LocalAws, service: str) -> None:
    assert table(local_aws_stack.deployment, service)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_room_is_deployed_with_provisioned_capacity_and_back(users: LocalAws) -> None:
    deploy(users, PROVISIONED)
    provisioned = table(users.deployment, "users")
    deploy(users, {})
    assert provisioned["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    units = provisioned["ProvisionedThroughput"]
    assert (int(units["ReadCapacityUnits"]), int(units["WriteCapacityUnits"])) == (7, 3)  # texts, on a local AWS
    assert table(users.deployment, "users")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_room_is_kept_warm_and_serves_by_its_alias(users: LocalAws) -> None:
    function, lambdas = f"{users.deployment.stage}-users-http", users.emulator.client("lambda")
    assert lambdas.list_aliases(FunctionName=function)["Aliases"] == []
    deploy(users, WARM)
    kept = lambdas.get_provisioned_concurrency_config(FunctionName=function, Qualifier="warm")
    assert kept["RequestedProvisionedConcurrentExecutions"] == 1
    assert f"{function}:warm" in {each["IntegrationUri"].rpartition(":function:")[2] for each in integrations(users)}
    assert httpx.get(f"{users.url}/users/nobody-of-that-name").status_code == 404
