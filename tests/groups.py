"""Assign the tests to processes: `pytest -n 3 --dist loadgroup`.

The tests of a file run in one process, since they share its fixtures. All tests of the deployed services run in one process, so
that they are deployed once, all contract tests of the running monolith in one process, and so do the tests of tests/monolith, which
share its databases. Long groups start first, so that no process is left with one at the end.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PROJECT = Path(__file__).parents[1]
SERVICES = "the deployed services"
MONOLITH = "the running monolith"
OWN_MONOLITHS = "tests/monolith/"
PARAMETERS_OF_SERVICES = (
    "[live-microservices",
    "[dynamodb_ministack",
)  # in the names of tests that run on several systems
FIXTURES_OF_SERVICES = re.compile(r"local_aws_stack: LocalAws|stage: DeployedStage|live_microservices_api: Api")
# A service that is deployed again reads its stream from the start, so it comes before the tests that fill the stream.
FIRST = "tests/microservices/test_independent_deployment.py"
LONG = (  # the longest first
    SERVICES,
    OWN_MONOLITHS,
    "tests/loadtests/explain/test_live.py",
    "tests/microservices/test_histories.py",
    "tests/microservices/test_odd_histories.py",
    "tests/loadtests/test_locust.py",
    MONOLITH,
    "tests/contract/test_document_deep.py",
    "tests/loadtests/test_voids.py",
    "tests/loadtests/test_capacity.py",
    "tests/microservices/test_lifecycle.py",
    "tests/contract/test_orders.py",
    "tests/microservices/test_packages.py",
    "tests/microservices/test_site_publication.py",
    "tests/loadtests/test_report.py",
    "tests/microservices/test_orders_settle_once.py",
    "tests/loadtests/test_open_load.py",
    "tests/microservices/test_search_index.py",
    "tests/contract/test_both_sides.py",
    "tests/contract/test_search.py",
    "tests/contract/test_avatars.py",
    "tests/loadtests/test_live.py",
    "tests/contract/test_every_store.py",
)


def group_of(node: str) -> str:
    """Return the group of a test, by its node id."""
    file, _, test = node.partition("::")
    if any(each in test for each in PARAMETERS_OF_SERVICES) or _uses_services(file):
        return SERVICES
    if file.startswith(OWN_MONOLITHS):
        return OWN_MONOLITHS
    return MONOLITH if "[live-monolith" in test else file


@cache
def _uses_services(file: str) -> bool:
    """Return whether a test file uses a fixture of the deployed services."""
    return bool(FIXTURES_OF_SERVICES.search((PROJECT / file).read_text()))


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place by the length of their group, and within it the FIRST file to the front."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        group = group_of(item.nodeid)
        return LONG.index(group) if group in LONG else len(LONG), not item.nodeid.startswith(FIRST)

    items.sort(key=place)


class InGroups(LoadScopeScheduling):
    """Give each process one group after another, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # xdist would sort by the number of tests, not by their length
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
