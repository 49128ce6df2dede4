"""A comparison that is ended while it measures the floors: these are processes and functions beside the systems."""

from contextlib import closing
from pathlib import Path

import pytest

from microservices.deploy.local_aws import LocalAws
from tests.loadtests.begun import Begun, end_in


@pytest.mark.live
def test_a_comparison_that_is_ended_in_its_floors_leaves_nothing_running(
    tmp_path: Path, local_aws_stack: LocalAws
) -> None:
    with closing(Begun(tmp_path, f"microservices={local_aws_stack.url}", module="tiny_comparison")) as compared:
        end_in("floors", compared)
    assert not (tmp_path / "report").exists()
