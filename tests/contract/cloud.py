"""The services' templates over moto. A resource is created at the first reference to it."""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from microservices.deploy import templates
from tests.conftest import ADMINISTRATOR

from .intrinsics import evaluate
from .resources import ACCOUNT, REGION, Attributes, make

STAGE = "contract"  # differs from the stages of other tests
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STAGE,
}


class Cloud:
    """The stacks of all services. Use it within `aws_in_process`."""

    def __init__(self, endpoint: str, *, codecommit: str = "") -> None:
        self.parameters = {"Stage": STAGE, "ArtifactsBucket": "artifacts", "Release": "none", "LocalEndpoint": endpoint}
        self.parameters |= {"Administrators": ADMINISTRATOR, "CodeCommitEndpoint": codecommit}
        self.stacks = {feature: Stack(feature, self) for feature in templates.services()}
        self._clients: dict[str, Any] = {}  # one per AWS service, since creating a client is slow

    @cached_property
    def exports(self) -> dict[str, tuple["Stack", Any]]:
        """Export name → the stack that exports it, and its value as written."""
        return {
            evaluate(output["Export"]["Name"], stack): (stack, output["Value"])
            for stack in self.stacks.values()
            for output in stack.template.get("Outputs", {}).values()
            if "Export" in output
        }

    def client(self, service: str) -> Any:
        """Return the client of an AWS service."""
        if service not in self._clients:
            # moto does not know endpoints that contain the account number
            config = Config(account_id_endpoint_mode="disabled")
            self._clients[service] = boto3.client(service, region_name=REGION, config=config)
        return self._clients[service]


class Stack:
    """The template of one service, and the scope of its intrinsic functions."""

    def __init__(self, feature: str, cloud: Cloud) -> None:
        self.feature = feature
        self.template = templates.load(feature)
        self._cloud = cloud
        self._made: dict[str, Attributes] = {}

    def resources(self, kind: str) -> dict[str, Any]:
        """Return the evaluated properties of the resources of a type, by logical name."""
        resources = templates.resources(self.feature, kind).items()
        return {name: evaluate(each, self) for name, each in resources if self._wanted(name)}

    def ref(self, name: str) -> Any:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.template.get("Parameters", {}):
            return self._cloud.parameters.get(name, self.template["Parameters"][name].get("Default"))
        return self.attribute(name, "Ref")

    def attribute(self, resource: str, name: str) -> Any:
        if resource not in self._made:
            self._made[resource] = self._make(resource)
        return self._made[resource][name]

    def imported(self, export: str) -> Any:
        stack, value = self._cloud.exports[export]
        return evaluate(value, stack)

    def condition(self, name: str) -> bool:
        return bool(evaluate(self.template["Conditions"][name], self))

    def _wanted(self, resource: str) -> bool:
        condition = self.template["Resources"][resource].get("Condition")
        return condition is None or self.condition(condition)

    def _make(self, resource: str) -> Attributes:
        written = self.template["Resources"][resource]
        properties = evaluate(written.get("Properties", {}), self)
        return make(self._cloud.client, written["Type"], properties=properties, named=f"{self.feature}.{resource}")
