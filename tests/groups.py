"""Assign the tests to processes: `pytest -n 3 --dist loadgroup`.

The tests of a file run in one process, since they share its fixtures. All tests of the deployed services run in one process, so
that they are deployed once. Long groups start first, so that no process is left with one at the end.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PROJECT = Path(__file__).parents[1]
SERVICES = "the deployed services"
PARAMETERS_OF_SERVICES = (
    "[live-microservices",
    "[dynamodb_ministack",
)  # in the names of tests that run on several systems
FIXTURES_OF_SERVICES = re.compile(r"local_aws_stack: LocalAws|stage: DeployedStage")
LONG = (  # the longest first
    SERVICES,
    "tests/microservices/test_histories.py",
    "tests/microservices/test_odd_histories.py",
    "tests/monolith/test_start.py",
    "tests/change_cost/test_change_cost.py",
    "tests/loadtests/test_open_load.py",
    "tests/contract/test_document_deep.py",
    "tests/contract/test_orders.py",
    "tests/loadtests/test_ended_runs.py",
    "tests/contract/test_search.py",
    "tests/contract/test_avatars.py",
    "tests/monolith/test_live.py",
    "tests/loadtests/test_live.py",
    "tests/microservices/test_packages.py",
    "tests/loadtests/test_locust.py",
    "tests/contract/test_document.py",
    "tests/contract/test_votes.py",
    "tests/loadtests/test_diff.py",
    "tests/loadtests/test_contract_checks.py",
    "tests/contract/test_every_store.py",
    "tests/contract/test_concurrency.py",
    "tests/microservices/test_views_are_counted_once.py",
    "tests/microservices/test_site_publication.py",
    "tests/microservices/test_votes_are_counted_once.py",
)


def group_of(node: str) -> str:
    """Return the group of a test, by its node id."""
    file, _, test = node.partition("::")
    of_services = any(each in test for each in PARAMETERS_OF_SERVICES) or _uses_services(file)
    return SERVICES if of_services else file


@cache
def _uses_services(file: str) -> bool:
    """Return whether a test file uses a fixture of the deployed services."""
    return bool(FIXTURES_OF_SERVICES.search((PROJECT / file).read_text()))


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place by the length of their group."""
    items.sort(key=lambda item: LONG.index(group) if (group := group_of(item.nodeid)) in LONG else len(LONG))


class InGroups(LoadScopeScheduling):
    """Give each process one group after another, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # xdist would sort by the number of tests, not by their length
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
