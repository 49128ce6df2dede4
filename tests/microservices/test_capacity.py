"""Check that parameters set a service's capacity: billing mode, table capacity and provisioned concurrency."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from microservices.deploy import templates
from microservices.deploy.deployment import Deployment
from microservices.deploy.local_aws import LocalAws

pytestmark = pytest.mark.live

SERVICES_WITH_A_TABLE = [
    service for service in templates.services() if templates.resources(service, "AWS::DynamoDB::Table")
]
PROVISIONED = {"BillingMode": "PROVISIONED", "ReadCapacity": "7", "WriteCapacity": "3"}
WARM = {"ProvisionedConcurrency": "1"}


@pytest.fixture
def users(local_aws_stack: LocalAws) -> Iterator[LocalAws]:
    """Yield the deployed system, and reset the users service afterwards."""
    try:
        yield local_aws_stack
    finally:
        deploy(local_aws_stack, {})


def deploy(stack: LocalAws, parameters: dict[str, str]) -> None:
    release = next(each.release for each in stack.packages if each.service == "users")
    stack.deployment.deploy_service("users", release, **parameters)


def table(deployment: Deployment, service: str) -> dict[str, Any]:
    name = f"{deployment.stage}-{service}"
    description: dict[str, Any] = deployment.aws.client("dynamodb").describe_table(TableName=name)["Table"]
    return description


def integrations(stack: LocalAws) -> list[dict[str, Any]]:
    gateway = stack.emulator.client("apigatewayv2")
    (api,) = (each["ApiId"] for each in gateway.get_apis()["Items"] if each["ProtocolType"] == "HTTP")
    integrations: list[dict[str, Any]] = gateway.get_integrations(ApiId=api, MaxResults="100")["Items"]
    return integrations


@pytest.mark.one_variant
@pytest.mark.parametrize("service", SERVICES_WITH_A_TABLE)
def test_a_table_is_billed_by_request_by_default(local_aws_stack: LocalAws, service: str) -> None:
    assert table(local_aws_stack.deployment, service)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.deep
def test_a_table_gets_provisioned_capacity_and_goes_back(users: LocalAws) -> None:
    deploy(users, PROVISIONED)
    provisioned = table(users.deployment, "users")
    deploy(users, {})
    assert provisioned["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    units = provisioned["ProvisionedThroughput"]
    assert (int(units["ReadCapacityUnits"]), int(units["WriteCapacityUnits"])) == (7, 3)  # strings, on the local AWS
    assert table(users.deployment, "users")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.deep
def test_a_warm_function_serves_by_its_alias(users: LocalAws) -> None:
    function, lambdas = f"{users.deployment.stage}-users-http", users.emulator.client("lambda")
    assert lambdas.list_aliases(FunctionName=function)["Aliases"] == []
    deploy(users, WARM)
    concurrency = lambdas.get_provisioned_concurrency_config(FunctionName=function, Qualifier="warm")
    assert concurrency["RequestedProvisionedConcurrentExecutions"] == 1
    assert f"{function}:warm" in {each["IntegrationUri"].rpartition(":function:")[2] for each in integrations(users)}
    assert httpx.get(f"{users.url}/users/nobody-of-that-name").status_code == 404
