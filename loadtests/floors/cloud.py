"""Deploy the floor functions next to the services on a local AWS, and remove them after the measurement."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.local_aws import client, endpoint_of, errors_as, zipped

HERE = Path(__file__).parent
KEY = "functions.zip"
FUNCTIONS = ("empty", "read", "write")
CONCURRENCY = 8  # of each, as for the services' HTTP functions and the monolith's threads
PARAMETERS = {
    "ArtifactsKey": KEY,
    "Runtime": "python3.13",  # as the services on AWS; the local AWS always uses its own interpreter
    "Architecture": "arm64",
    "ReservedConcurrency": str(CONCURRENCY),
}


@contextmanager
def deploy_floors(api_url: str) -> Iterator[str]:
    """Deploy the functions behind the API for the length of a block, and yield the API's URL. Raise SystemFailed."""
    endpoint = endpoint_of(api_url)
    deploys = partial(errors_as, "the floors of the microservices did not deploy")
    with deploys():
        stack = f"{_stage_of(api_url)}-floors"
    try:
        with deploys():
            _deploy(endpoint, stack)
        yield api_url
    finally:
        with errors_as("the floors of the microservices cannot be removed"):
            client("cloudformation", endpoint).delete_stack(StackName=stack)
            client("s3", endpoint).delete_object(Bucket=f"{stack}-artifacts", Key=KEY)
            client("s3", endpoint).delete_bucket(Bucket=f"{stack}-artifacts")


def _stage_of(api_url: str) -> str:
    """Return the prefix of all names of the services: the API `reference-http` belongs to the stage `reference`."""
    id = urlsplit(api_url).path.partition("/execute-api/")[2].partition("/")[0]
    return str(client("apigatewayv2", endpoint_of(api_url)).get_api(ApiId=id)["Name"]).removesuffix("-http")


def _deploy(endpoint: str, stack: str) -> None:
    cloudformation, s3, bucket = client("cloudformation", endpoint), client("s3", endpoint), f"{stack}-artifacts"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=KEY, Body=zipped({"functions.py": HERE / "functions.py"}))
    parameters = {"Stage": stack.removesuffix("-floors"), "ArtifactsBucket": bucket, **PARAMETERS}
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=(HERE / "template.yaml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    created = cloudformation.get_waiter("stack_create_complete")
    created.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    # As for the services: the local CloudFormation ignores this property of a template.
    for name in FUNCTIONS:
        client("lambda", endpoint).put_function_concurrency(
            FunctionName=f"{stack}-{name}", ReservedConcurrentExecutions=CONCURRENCY
        )
    client("dynamodb", endpoint).put_item(TableName=stack, Item={"pk": {"S": "floor"}, "body": {"S": "x" * 200}})
