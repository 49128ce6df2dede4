"""Deploys the floor functions beside the services on a local AWS, and removes them after the measurement."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from loadtests.systems import SystemFailed

HERE = Path(__file__).parent
STAGE = "reference"
STACK, BUCKET, KEY = f"{STAGE}-floors", f"{STAGE}-floors-artifacts", "functions.zip"
FUNCTIONS = ("empty", "read", "write")
AT_ONCE = 8  # as many as the functions of the services that answer HTTP, and the monolith's threads
PARAMETERS = {
    "Stage": STAGE,
    "ArtifactsBucket": BUCKET,
    "ArtifactsKey": KEY,
    "Runtime": "python3.13",  # as the services on AWS; the local AWS takes its own interpreter whatever this says
    "Architecture": "arm64",
    "ReservedConcurrency": str(AT_ONCE),
}


@contextmanager
def deployed(api_url: str) -> Iterator[str]:
    """Keep the floor functions behind the API of a local AWS while the block lasts; gives the API's URL.

    Raise SystemFailed if they do not deploy.
    """
    endpoint = "{0.scheme}://{0.netloc}".format(urlsplit(api_url))
    cloudformation = client("cloudformation", endpoint)
    try:
        with told("the floors of the microservices did not deploy"):
            _deploy(cloudformation, endpoint)
        yield api_url
    finally:
        with told("the floors of the microservices cannot be removed"):
            cloudformation.delete_stack(StackName=STACK)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say in one line, as SystemFailed, that a local AWS refuses or does not answer."""
    try:
        yield
    except (BotoCoreError, ClientError) as refused:
        raise SystemFailed(f"{what}: {refused}") from refused


def _deploy(cloudformation: Any, endpoint: str) -> None:
    _upload(client("s3", endpoint))
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=(HERE / "template.yaml").read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    created = cloudformation.get_waiter("stack_create_complete")
    created.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    _reserve_concurrency(client("lambda", endpoint))
    client("dynamodb", endpoint).put_item(TableName=STACK, Item={"pk": {"S": "floor"}, "body": {"S": "x" * 200}})


def _reserve_concurrency(functions: Any) -> None:
    """Hold the floors to what the services are held to, which the local CloudFormation takes from a template and forgets."""
    for name in FUNCTIONS:
        functions.put_function_concurrency(FunctionName=f"{STACK}-{name}", ReservedConcurrentExecutions=AT_ONCE)


def _upload(s3: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(HERE / "functions.py", "functions.py")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=packed.getvalue())


def client(service: str, endpoint: str) -> Any:
    """The account and its keys are the local AWS's own; no profile of the caller is looked at."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )
