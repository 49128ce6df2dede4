"""A comparison of both systems that ends early leaves nothing running."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from loadtests import systems
from microservices.deploy.local_aws import LocalAws
from tests.loadtests.started_runs import StartedRun, interrupt_in

pytestmark = [pytest.mark.live, pytest.mark.deep]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running monolith."""
    with systems.running(tmp_path_factory.mktemp("first"), [systems.MONOLITH]) as urls:
        yield urls[systems.MONOLITH.name]


def test_a_comparison_interrupted_in_its_contract_tests_leaves_nothing_running(tmp_path: Path, first: str) -> None:
    with closing(StartedRun(tmp_path, f"monolith={first}")) as comparison:
        interrupt_in("parity: the contract tests on both", comparison)
    assert not (tmp_path / "report").exists()


def test_a_comparison_interrupted_in_its_floors_leaves_nothing_running(
    tmp_path: Path, local_aws_stack: LocalAws
) -> None:
    with closing(StartedRun(tmp_path, f"microservices={local_aws_stack.url}")) as comparison:
        interrupt_in("floors", comparison)
    assert not (tmp_path / "report").exists()
