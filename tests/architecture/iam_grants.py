"""Read what a function's role grants, and what its log and its event sources need."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Grant = tuple[str, str]  # action, and the resource's name in the template or in an import
Template = Mapping[str, Any]

# What Lambda's poller needs. Source: https://docs.aws.amazon.com/lambda/latest/dg/, the chapter of each event source, and the
# policy templates of AWS SAM.
READS = {
    "DynamoDB": ("Stream", ("dynamodb", "DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")),
    "Kinesis": (
        "Stream",
        ("kinesis", "DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"),
    ),
    "SQS": ("Queue", ("sqs", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage")),
}
WRITES_ITS_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
GRANTABLE = {
    "AWS::ApiGatewayV2::Api",
    "AWS::CodeCommit::Repository",
    "AWS::DynamoDB::Table",
    "AWS::Kinesis::Stream",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
_PART = re.compile(r"\$\{(?!AWS::|(?:LocalEndpoint|Stage)\})([^}]+)\}")
_IMPORTED = re.compile(r"-(arn|url|name)$")
_ARN_OR_NAME = re.compile(r"arn:|^\$\{Stage\}-|[./]execute-api[./]")


def granted(template: Template, function: Mapping[str, Any]) -> set[Grant]:
    """Return the grants of the function's role."""
    role = template["Resources"][named(function["Role"])]["Properties"]
    statements = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    return {
        (action, named(resource))
        for each in statements
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def platform_grants(function: Mapping[str, Any]) -> set[Grant]:
    """Return the grants that Lambda needs for the function, which its code does not call."""
    log = named(function["LoggingConfig"]["LogGroup"])
    return {(action, log) for action in WRITES_ITS_LOG} | set(_for_event_sources(function))


def _for_event_sources(function: Mapping[str, Any]) -> Iterator[Grant]:
    events = function.get("Events", {}).values()
    for event in events:
        if event["Type"] in READS:
            source, (service, *operations) = READS[event["Type"]]
            yield from ((f"{service}:{operation}", named(event["Properties"][source])) for operation in operations)
    for each in (*(event["Properties"] for event in events), function.get("EventInvokeConfig", {})):
        if "DestinationConfig" in each:
            yield "sqs:SendMessage", named(each["DestinationConfig"]["OnFailure"]["Destination"])
    if "DeadLetterQueue" in function:
        yield "sqs:SendMessage", named(function["DeadLetterQueue"]["TargetArn"])


def environment_resources(template: Template, function: Mapping[str, Any]) -> set[str]:
    """Return the resources in the function's environment. Its code knows no others."""
    variables = function.get("Environment", {}).get("Variables", {}).values()
    return {named(value) for value in variables if isinstance(value, dict) and _is_resource(template, value)}


def _is_resource(template: Template, value: dict[str, Any]) -> bool:
    """Return whether a value is a resource, and not a setting such as the URL of a public API."""
    if "Fn::If" in value:
        return all(isinstance(each, dict) and _is_resource(template, each) for each in value["Fn::If"][1:])
    if "Fn::ImportValue" in value:
        return bool(_IMPORTED.search(value["Fn::ImportValue"]["Fn::Sub"]))
    if "Fn::Sub" in value:
        return bool(_ARN_OR_NAME.search(str(value["Fn::Sub"])))
    return template["Resources"].get(named(value), {}).get("Type") in GRANTABLE


def named(value: Any) -> str:
    """Return the name of the resource that a value refers to by name, URL or ARN.

    `!Ref Queue`, `!GetAtt Queue.Arn` and `!Sub ${Queue.Arn}/*` give `Queue`. An import gives the export's name without `-arn` or
    `-url`. An ARN such as `!Sub arn:…:function:${Stage}-votes-post-events` gives its last part.
    """
    if "Ref" in value:
        return str(value["Ref"])
    if "Fn::GetAtt" in value:
        resource, _, attribute = value["Fn::GetAtt"].partition(".")
        return f"{resource}.{attribute}" if attribute == "StreamArn" else str(resource)
    if "Fn::ImportValue" in value:
        return _IMPORTED.sub("", value["Fn::ImportValue"]["Fn::Sub"])
    if "Fn::If" in value:
        return named(value["Fn::If"][1])
    text = value["Fn::Sub"]
    pattern, imports = text if isinstance(text, list) else (text, {})
    part = _PART.search(pattern)
    if part is None:
        return _last_part(pattern)
    return named(imports[part[1]]) if part[1] in imports else part[1].partition(".")[0]


def _last_part(pattern: str) -> str:
    """Return the name in an ARN. For an object, return its bucket."""
    plain = re.sub(r"\$\{AWS::(\w+)\}", r"<\1>", pattern)
    bucket = plain.partition(":s3:::")[2].partition("/")[0]
    return bucket or re.split(r"[:/]", plain)[-1]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
