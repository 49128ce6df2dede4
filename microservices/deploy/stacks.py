"""Create, update and delete CloudFormation stacks by change sets, on AWS and on a local AWS.

Each call first waits for an operation that an ended process left running. So a deployment that was killed is resumed by running
it again.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
FIRST_PAUSE_S, LONGEST_PAUSE_S, GROWTH = 0.05, 5.0, 1.2  # between two looks at a stack; AWS throttles frequent ones
_REVIEW = "REVIEW_IN_PROGRESS"  # of a new stack whose change set has not been executed
_CREATED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_SERVING = (*_CREATED, "UPDATE_ROLLBACK_COMPLETE")  # after a failed update the former resources are there
_NEVER_CREATED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")  # can only be deleted
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


class DeploymentFailed(Exception):
    """A stack failed. The message is one line with its name and the first reason of CloudFormation."""


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks of an account. tags: of every stack, which gives them to its resources. seconds: limit of one operation."""

    cloudformation: Any
    tags: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 120.0

    def deploy(self, name: str, template: str, parameters: Mapping[str, str]) -> str:
        """Create or update a stack. Return `created`, `updated` or `unchanged`. Raise DeploymentFailed with the reason."""
        status = self._settle(name)
        if status in _NEVER_CREATED:
            self.delete(name)
            status = None
        is_new = status in (None, _REVIEW)
        try:
            change_set = self._prepare(name, template, parameters, kind="CREATE" if is_new else "UPDATE")
            if change_set is None:
                return "unchanged"
            self.cloudformation.execute_change_set(ChangeSetName=change_set)
        except ClientError as error:
            raise DeploymentFailed(f"{name}: {error}") from error
        self._require(name, self._settle(name), _CREATED)
        return "created" if is_new else "updated"

    def delete(self, name: str) -> None:
        """Delete a stack with all its resources. Raise DeploymentFailed with the reason."""
        if self._settle(name) is None:
            return
        self.cloudformation.delete_stack(StackName=name)
        self._require(name, self._settle(name), (None, "DELETE_COMPLETE"))

    def outputs(self, name: str) -> dict[str, str]:
        """Return the outputs of a stack."""
        stacks = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])}

    def resources(self, name: str, kind: str) -> list[str]:
        """Return the physical ids of a stack's resources of one type."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == kind and each["ResourceStatus"] not in ("CREATE_FAILED", "DELETE_COMPLETE")
        ]

    def is_serving(self, name: str) -> bool:
        """Return whether the resources of a stack are there and no change of them is running."""
        return self.status(name) in _SERVING

    def status(self, name: str) -> str | None:
        """Return the status of a stack, or None if it does not exist."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return str(stacks[0]["StackStatus"])

    def _prepare(self, name: str, template: str, parameters: Mapping[str, str], *, kind: str) -> str | None:
        """Create a change set and return its id, or None if nothing changes."""
        change_set: str = self.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"deploy-{uuid.uuid4().hex}",
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=CAPABILITIES,
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
        )["Id"]
        for _ in self._pauses(name):
            described = self.cloudformation.describe_change_set(ChangeSetName=change_set)
            if described["Status"] == "CREATE_COMPLETE":
                return change_set
            if described["Status"] == "FAILED":
                break
        reason = described.get("StatusReason", "no reason given")
        self.cloudformation.delete_change_set(ChangeSetName=change_set)
        if any(text in reason for text in _NO_CHANGES):
            return None
        raise DeploymentFailed(f"{name}: {reason}")

    def _settle(self, name: str) -> str | None:
        """Wait until no operation runs on a stack, and return its status."""
        for _ in self._pauses(name):
            status = self.status(name)
            if status is None or status == _REVIEW or not status.endswith("IN_PROGRESS"):
                break
        return status

    def _pauses(self, name: str) -> Iterator[None]:
        """Yield at once and then after growing pauses. Raise DeploymentFailed when the time is over."""
        deadline, pause_s = time.monotonic() + self.seconds, FIRST_PAUSE_S
        while time.monotonic() < deadline:
            yield
            time.sleep(pause_s)
            pause_s = min(pause_s * GROWTH, LONGEST_PAUSE_S)
        raise DeploymentFailed(f"{name}: not finished after {self.seconds:g} s")

    def _require(self, name: str, status: str | None, expected: tuple[str | None, ...]) -> None:
        if status not in expected:
            raise DeploymentFailed(f"{name}: {status}, {self._reason(name)}")

    def _reason(self, name: str) -> str:
        """Return the first failure of the last operation."""
        reason = "no reason given"
        for event in self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]:  # the last event first
            if event["ResourceStatus"].endswith("FAILED"):
                reason = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            is_start = event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
            if is_start and event["LogicalResourceId"] == name:
                break
        return reason
