"""Which stacks have their resources."""

from typing import Any

import pytest

from microservices.deploy.stacks import Stacks


class CloudFormation:
    """A CloudFormation client with one stack, in the given status."""

    def __init__(self, status: str) -> None:
        self._status = status

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self._status}]}


@pytest.mark.parametrize(
    ("status", "serving"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("ROLLBACK_COMPLETE", False),  # its creation failed
        ("CREATE_IN_PROGRESS", False),
    ],
)
def test_a_stack_whose_creation_failed_does_not_serve(status: str, serving: bool) -> None:
    assert Stacks(CloudFormation(status), {}).is_serving("users") is serving
