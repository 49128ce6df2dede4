"""The rooms' templates made real over moto: their tables, buckets, queues and secret, and the names that refer to them."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from microservices.deploy import templates
from tests.conftest import ADMINISTRATOR

from .intrinsics import evaluate
from .systems import TOKEN_SECRET

REGION = "us-east-1"
ACCOUNT = "123456789012"
STAGE = "contract"  # apart from the names that other tests give to theirs
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STAGE,
}
Attributes = dict[str, Any]


class Cloud:
    """Every room's stack. A resource is made when somebody first refers to it. Call it within moto's `mock_aws`."""

    def __init__(self, endpoint: str) -> None:
        self.parameters = {"Stage": STAGE, "ArtifactsBucket": "artifacts", "Release": "none", "LocalEndpoint": endpoint}
        self.parameters["Administrators"] = ADMINISTRATOR
        self.stacks = {room: Stack(room, self) for room in templates.rooms()}

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
        """Return a client of the service as moto has it."""
        # moto knows no addresses with an account's number in them
        return boto3.client(service, region_name=REGION, config=Config(account_id_endpoint_mode="disabled"))


class Stack:
    """One room's template, and what its names mean: the scope of its intrinsic functions."""

    def __init__(self, room: str, cloud: Cloud) -> None:
        self.room = room
        self.template = templates.load(room)
        self._cloud = cloud
        self._made: dict[str, Attributes] = {}

    def resources(self, kind: str) -> dict[str, Any]:
        """Return the evaluated properties of the resources of a type, by logical name."""
        return {name: evaluate(each, self) for name, each in templates.resources(self.room, kind).items()}

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

    def _make(self, resource: str) -> Attributes:
        kind = self.template["Resources"][resource]["Type"]
        properties = evaluate(self.template["Resources"][resource].get("Properties", {}), self)
        if maker := _MAKERS.get(kind):
            return maker(self._cloud.client, properties)
        named = f"{self.room}.{resource}"  # a name is all that anybody asks of the others
        return {"Ref": named, "Arn": f"arn:aws:none:{REGION}:{ACCOUNT}:{named}"}


Client = Callable[[str], Any]


def _table(client: Client, properties: Attributes) -> Attributes:
    wanted = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")
    streams = (
        {"StreamEnabled": True, **properties["StreamSpecification"]} if "StreamSpecification" in properties else None
    )
    made = client("dynamodb").create_table(
        **{name: properties[name] for name in wanted}, **({"StreamSpecification": streams} if streams else {})
    )["TableDescription"]
    return {"Ref": made["TableName"], "Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn")}


def _bucket(client: Client, properties: Attributes) -> Attributes:
    name = properties["BucketName"]
    client("s3").create_bucket(Bucket=name)
    return {"Ref": name, "Arn": f"arn:aws:s3:::{name}", "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com"}


def _queue(client: Client, properties: Attributes) -> Attributes:
    settings = {
        name: json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in properties.items()
        if name in ("VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "DelaySeconds")
    }
    url = client("sqs").create_queue(QueueName=properties["QueueName"], Attributes=settings)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{properties['QueueName']}"
    return {"Ref": url, "QueueUrl": url, "Arn": arn, "QueueName": properties["QueueName"]}


def _secret(client: Client, properties: Attributes) -> Attributes:
    made = client("secretsmanager").create_secret(Name=properties["Name"], SecretString=TOKEN_SECRET)
    return {"Ref": made["ARN"], "Id": made["ARN"]}


def _function(client: Client, properties: Attributes) -> Attributes:
    name = properties["FunctionName"]
    return {"Ref": name, "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}


def _log_group(client: Client, properties: Attributes) -> Attributes:
    name = properties["LogGroupName"]
    return {"Ref": name, "Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"}


_MAKERS: dict[str, Callable[[Client, Attributes], Attributes]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Serverless::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
}
