"""Deploys the rooms, each as a stack of its own, through CloudFormation: the very templates that AWS takes.

A stack follows the stacks whose exports it imports, and the rest are deployed side by side. One that
exists is updated.
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
PART = Path(__file__).with_name("table_scaling.yaml")  # of a room's stack, which looks for it in the bucket of the zips
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Clients(Protocol):
    """Where clients come from: a local AWS, or anything else that has them."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of the service."""


class DeploymentFailed(Exception):
    """A stack does not come up; the message names it and the first reason that CloudFormation gave, in one line."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stage of the system in an account: its name, the bucket of its zips, and the parameters of its stacks."""

    aws: Clients
    stage: str
    bucket: str
    parameters: Mapping[str, str]

    def deploy(self, packages: Iterable[Package]) -> None:
        """Create or update every room's stack."""
        packages = tuple(packages)
        self.upload(packages)
        releases = dict.fromkeys(templates.rooms(), "") | {each.room: each.release for each in packages}
        rooms = TopologicalSorter({room: templates.needs(room) for room in templates.rooms()})
        rooms.prepare()
        with ThreadPoolExecutor() as pool:
            while rooms.is_active():
                ready = rooms.get_ready()
                list(pool.map(lambda room: self.deploy_room(room, releases[room]), ready))
                rooms.done(*ready)

    def upload(self, packages: Iterable[Package]) -> None:
        """Put the zips where the templates look for them, in a bucket that is made if there is none."""
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key=PART.name, Body=PART.read_bytes())
        for each in packages:
            s3.put_object(Bucket=self.bucket, Key=f"{each.release}/{each.function}.zip", Body=each.zip.read_bytes())

    def deploy_room(self, room: str, release: str, **parameters: str) -> None:
        """Create or update one room's stack, with parameters of its own; raise DeploymentFailed with the reason."""
        cloudformation = self.aws.client("cloudformation")
        request = {
            "StackName": self._stack(room),
            "TemplateBody": templates.path(room).read_text(),
            "Parameters": self._parameters(room, {"Release": release, **parameters}),
            "Capabilities": CAPABILITIES,
        }
        try:
            if self._status(room) is None:
                cloudformation.create_stack(**request)
            else:
                cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise DeploymentFailed(f"{self._stack(room)}: {error}") from error
        self._wait(room)

    def remove_room(self, room: str) -> None:
        """Delete one room's stack and all that it holds."""
        self.aws.client("cloudformation").delete_stack(StackName=self._stack(room))
        self._wait(room)

    def outputs(self, room: str) -> dict[str, str]:
        """Return the outputs of a room's stack."""
        stacks = self.aws.client("cloudformation").describe_stacks(StackName=self._stack(room))["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])}

    def invoke(self, function: str, event: object) -> object:
        """Call a function, named without the stage, and return its answer; raise DeploymentFailed if it fails."""
        name, payload = f"{self.stage}-{function}", json.dumps(event)
        answer = self.aws.client("lambda").invoke(FunctionName=name, Payload=payload)
        body = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise DeploymentFailed(f"{name}: {body}")
        return body

    def _stack(self, room: str) -> str:
        return f"{self.stage}-{room}"

    def _parameters(self, room: str, own: Mapping[str, str]) -> list[dict[str, str]]:
        given = {"Stage": self.stage, "ArtifactsBucket": self.bucket, **self.parameters, **own}
        declared = templates.load(room)["Parameters"]
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items() if key in declared]

    def _status(self, room: str) -> str | None:
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self._stack(room))["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return str(stacks[0]["StackStatus"])

    def _wait(self, room: str) -> None:
        deadline = time.monotonic() + STACK_SECONDS
        while (status := self._status(room)) is not None and status.endswith("IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise DeploymentFailed(f"{self._stack(room)}: still {status} after {STACK_SECONDS} s")
            time.sleep(0.05)
        if status not in (None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
            raise DeploymentFailed(f"{self._stack(room)}: {status}, {self._reason(room)}")

    def _reason(self, room: str) -> str:
        """Return the first failure of the newest attempt."""
        events = self.aws.client("cloudformation").describe_stack_events(StackName=self._stack(room))["StackEvents"]
        failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("FAILED")]
        reasons = (f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed)
        return next(reasons, "no reason given")
