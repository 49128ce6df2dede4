"""Which tests stay together where several processes share them: `pytest -n 3 --dist loadgroup`.

A file's tests stay in one process, for they share what the file's fixtures start. All tests of the deployed services do, so that
these are deployed once. Groups that take long are begun first, else one process would wait for the other at the end.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SERVICES = "the deployed services"
OF_SERVICES = ("[live-microservices", "[dynamodb_ministack")  # in the names of tests that are asked of several systems
FILES_OF_SERVICES = frozenset(
    {
        "tests/contract/test_site_pushed.py",
        "tests/loadtests/test_ended_floors.py",
        "tests/microservices/test_avatars.py",
        "tests/microservices/test_capacity.py",
        "tests/microservices/test_independent_deployment.py",
        "tests/microservices/test_killed_workers.py",
        "tests/microservices/test_live.py",
        "tests/microservices/test_parking.py",
        "tests/microservices/test_permissions.py",
        "tests/microservices/test_saga.py",
        "tests/microservices/test_load_balancer.py",
    }
)
LONG = (  # the longest first
    SERVICES,
    "tests/microservices/test_histories.py",
    "tests/microservices/test_odd_histories.py",
    "tests/monolith/test_start.py",
    "tests/loadtests/test_ended_runs.py",
    "tests/loadtests/test_capacity.py",
    "tests/loadtests/test_voids.py",
    "tests/monolith/test_live.py",
    "tests/microservices/test_packages.py",
    "tests/contract/test_document.py",
    "tests/microservices/test_views_are_counted_once.py",
    "tests/loadtests/test_diff.py",
    "tests/microservices/test_site_publication.py",
    "tests/contract/test_orders.py",
    "tests/contract/test_search.py",
    "tests/microservices/test_votes_are_counted_once.py",
    "tests/contract/test_every_store.py",
    "tests/contract/test_avatars.py",
)


def group_of(node: str) -> str:
    """Return the group of a test, by its node id."""
    file, _, test = node.partition("::")
    return SERVICES if file in FILES_OF_SERVICES or any(each in test for each in OF_SERVICES) else file


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place, each group as it was."""
    items.sort(key=lambda item: LONG.index(group) if (group := group_of(item.nodeid)) in LONG else len(LONG))


class InGroups(LoadScopeScheduling):
    """Gives each process one group after another, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # a group's length is not the number of its tests
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
