"""Create the resources of a template in moto, by type."""

import json
from collections.abc import Callable
from typing import Any

from .systems import TOKEN_SECRET

REGION = "us-east-1"
ACCOUNT = "123456789012"
QUEUE_SETTINGS = ("VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "DelaySeconds")
Attributes = dict[str, Any]
Client = Callable[[str], Any]


def make(client: Client, kind: str, *, properties: Attributes, named: str) -> Attributes:
    """Create the resource. Return the values of `!Ref` (under `Ref`) and of `!GetAtt`.

    A resource of a type that no test needs is not created and has only a name.
    """
    if maker := _MAKERS.get(kind):
        return maker(client, properties)
    return {"Ref": named, "Arn": f"arn:aws:none:{REGION}:{ACCOUNT}:{named}"}


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
        if name in QUEUE_SETTINGS
    }
    url = client("sqs").create_queue(QueueName=properties["QueueName"], Attributes=settings)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{properties['QueueName']}"
    return {"Ref": url, "QueueUrl": url, "Arn": arn, "QueueName": properties["QueueName"]}


def _topic(client: Client, properties: Attributes) -> Attributes:
    arn = client("sns").create_topic(Name=properties["TopicName"])["TopicArn"]
    return {"Ref": arn, "TopicArn": arn, "TopicName": properties["TopicName"]}


def _stream(client: Client, properties: Attributes) -> Attributes:
    name = properties["Name"]
    client("kinesis").create_stream(StreamName=name, ShardCount=int(properties.get("ShardCount", 1)))
    return {"Ref": name, "Arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"}


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
    "AWS::Kinesis::Stream": _stream,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Serverless::Function": _function,
}
