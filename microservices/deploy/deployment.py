"""Deploy each service as a CloudFormation stack, from the same templates as on AWS.

A stack that imports from others is deployed after them. Independent stacks are deployed in parallel.
"""

import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from microservices.deploy import templates
from microservices.deploy.packages import Package

STACK_SECONDS = 120
TABLE_SCALING = Path(__file__).with_name("table_scaling.yaml")  # nested by the services' stacks
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Clients(Protocol):
    """Create boto3 clients, e.g. of the local AWS."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of the service."""


class DeploymentFailed(Exception):
    """A stack failed. The message is one line with its name and the first reason of CloudFormation."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stage of the system in an account: its name, the bucket of its zips, and the parameters of its stacks."""

    aws: Clients
    stage: str
    bucket: str
    parameters: Mapping[str, str]

    def deploy(self, packages: Iterable[Package]) -> None:
        """Create or update the stack of every service."""
        packages = tuple(packages)
        self.upload(packages)
        releases = dict.fromkeys(templates.services(), "") | {each.service: each.release for each in packages}
        services = TopologicalSorter(
            {service: templates.imported_services(service) for service in templates.services()}
        )
        services.prepare()
        with ThreadPoolExecutor() as pool:
            while services.is_active():
                ready = services.get_ready()
                list(pool.map(lambda service: self.deploy_service(service, releases[service]), ready))
                services.done(*ready)

    def upload(self, packages: Iterable[Package]) -> None:
        """Upload the zips and the nested template. Create the bucket if necessary."""
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key=TABLE_SCALING.name, Body=TABLE_SCALING.read_bytes())
        for each in packages:
            s3.put_object(Bucket=self.bucket, Key=f"{each.release}/{each.function}.zip", Body=each.zip.read_bytes())

    def deploy_service(self, service: str, release: str, **parameters: str) -> None:
        """Create or update a service's stack with extra parameters. Raise DeploymentFailed with the reason."""
        cloudformation = self.aws.client("cloudformation")
        request = {
            "StackName": self._stack(service),
            "TemplateBody": templates.path(service).read_text(encoding="utf-8"),
            "Parameters": self._parameters(service, {"Release": release, **parameters}),
            "Capabilities": CAPABILITIES,
        }
        try:
            if self._status(service) is None:
                cloudformation.create_stack(**request)
            else:
                cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise DeploymentFailed(f"{self._stack(service)}: {error}") from error
        self._wait(service)

    def remove_service(self, service: str) -> None:
        """Delete a service's stack with all its resources."""
        self.aws.client("cloudformation").delete_stack(StackName=self._stack(service))
        self._wait(service)

    def outputs(self, service: str) -> dict[str, str]:
        """Return the outputs of a service's stack."""
        stacks = self.aws.client("cloudformation").describe_stacks(StackName=self._stack(service))["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])}

    def invoke(self, function: str, event: object) -> object:
        """Invoke a function, named without the stage, and return its result. Raise DeploymentFailed if it fails."""
        name, payload = f"{self.stage}-{function}", json.dumps(event)
        response = self.aws.client("lambda").invoke(FunctionName=name, Payload=payload)
        body = json.load(response["Payload"])
        if "FunctionError" in response:
            raise DeploymentFailed(f"{name}: {body}")
        return body

    def _stack(self, service: str) -> str:
        return f"{self.stage}-{service}"

    def _parameters(self, service: str, own: Mapping[str, str]) -> list[dict[str, str]]:
        parameters = {"Stage": self.stage, "ArtifactsBucket": self.bucket, **self.parameters, **own}
        declared = templates.load(service)["Parameters"]
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items() if key in declared]

    def _status(self, service: str) -> str | None:
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self._stack(service))["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return str(stacks[0]["StackStatus"])

    def _wait(self, service: str) -> None:
        deadline = time.monotonic() + STACK_SECONDS
        while (status := self._status(service)) is not None and status.endswith("IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise DeploymentFailed(f"{self._stack(service)}: still {status} after {STACK_SECONDS} s")
            time.sleep(0.05)
        if status not in (None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
            raise DeploymentFailed(f"{self._stack(service)}: {status}, {self._reason(service)}")

    def _reason(self, service: str) -> str:
        """Return the first failure of the last operation."""
        events = self.aws.client("cloudformation").describe_stack_events(StackName=self._stack(service))["StackEvents"]
        failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("FAILED")]
        reasons = (f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed)
        return next(reasons, "no reason given")
