"""Deploy the floor functions next to the services on a local AWS, and remove them after the measurement."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadtests.local_aws import STAGE, client, endpoint_of, errors_as, zipped

HERE = Path(__file__).parent
STACK, BUCKET, KEY = f"{STAGE}-floors", f"{STAGE}-floors-artifacts", "functions.zip"
FUNCTIONS = ("empty", "read", "write")
CONCURRENCY = 8  # of each, as for the services' HTTP functions and the monolith's threads
PARAMETERS = {
    "Stage": STAGE,
    "ArtifactsBucket": BUCKET,
    "ArtifactsKey": KEY,
    "Runtime": "python3.13",  # as the services on AWS; the local AWS always uses its own interpreter
    "Architecture": "arm64",
    "ReservedConcurrency": str(CONCURRENCY),
}


@contextmanager
def deploy_floors(api_url: str) -> Iterator[str]:
    """Deploy the functions behind the API for the length of a block, and yield the API's URL. Raise SystemFailed."""
    endpoint = endpoint_of(api_url)
    cloudformation = client("cloudformation", endpoint)
    try:
        with errors_as("the floors of the microservices did not deploy"):
            _deploy(cloudformation, endpoint)
        yield api_url
    finally:
        with errors_as("the floors of the microservices cannot be removed"):
            cloudformation.delete_stack(StackName=STACK)


def _deploy(cloudformation: Any, endpoint: str) -> None:
    _upload(client("s3", endpoint))
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=(HERE / "template.yaml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    created = cloudformation.get_waiter("stack_create_complete")
    created.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    _reserve_concurrency(client("lambda", endpoint))
    client("dynamodb", endpoint).put_item(TableName=STACK, Item={"pk": {"S": "floor"}, "body": {"S": "x" * 200}})


def _reserve_concurrency(functions: Any) -> None:
    """Reserve concurrency as for the services: the local CloudFormation ignores that property of a template."""
    for name in FUNCTIONS:
        functions.put_function_concurrency(FunctionName=f"{STACK}-{name}", ReservedConcurrentExecutions=CONCURRENCY)


def _upload(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=zipped({"functions.py": HERE / "functions.py"}))
