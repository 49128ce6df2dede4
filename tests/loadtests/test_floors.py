"""The floors on a local AWS that has ended."""

import pytest

from loadtests.floors.cloud import deploy_floors
from loadtests.systems import SystemFailed


def test_a_local_aws_that_has_ended_is_one_clear_line() -> None:
    with (
        pytest.raises(SystemFailed, match=r"^the floors of the microservices .*127\.0\.0\.1:1") as failed,
        deploy_floors("http://127.0.0.1:1/_aws/execute-api/any/$default"),
    ):
        raise AssertionError("it was deployed")
    assert "\n" not in str(failed.value)
