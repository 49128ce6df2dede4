"""Assign the tests to processes: `pytest -n 3 --dist loadgroup`.

The tests of a file run in one process, since they share its fixtures. So do the tests of several files that share what is slow
to start: the deployed services, the monolith of the contract tests, the monolith under load, and the databases of tests/monolith.
Long groups start first, so that no process is left with one at the end.
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
LOADED_MONOLITH = "the monolith under load"
PARAMETERS_OF_SERVICES = (
    "[live-microservices",
    "[dynamodb_ministack",
)  # in the names of tests that run on several systems
FIXTURE_OF_LOADED_MONOLITH = re.compile(r"\bmonolith: str\b")
FIXTURES_OF_SERVICES = re.compile(r"local_aws_stack: LocalAws|stage: DeployedStage|live_microservices_api: Api")
# A service that is deployed again reads its stream from the start, so it comes before the tests that fill the stream.
FIRST = "tests/microservices/test_independent_deployment.py"
PARTS = "tests/microservices/test_histories.py"  # each of its tests runs in a process of its own
LONG = (  # the longest first
    SERVICES,
    "tests/loadtests/drill/test_live.py",
    "tests/loadtests/aws/test_deployment.py",
    PARTS,
    "tests/change_cost/test_change_cost.py",
    LOADED_MONOLITH,
    OWN_MONOLITHS,
    "tests/loadtests/explain/test_live.py",
    "tests/loadtests/test_capacity.py",
    "tests/microservices/test_search_index.py",
    MONOLITH,
    "tests/contract/test_document_deep.py",
    "tests/loadtests/test_cold_starts.py",
    "tests/microservices/test_views_are_counted_once.py",
    "tests/contract/test_orders.py",
    "tests/microservices/test_packages.py",
    "tests/microservices/test_site_publication.py",
    "tests/bench/test_bench_rows.py",
    "tests/loadtests/test_diff.py",
    "tests/loadtests/test_open_load.py",
    "tests/microservices/test_votes_are_counted_once.py",
    "tests/microservices/test_orders_settle_once.py",
    "tests/contract/test_every_store.py",
    "tests/contract/test_avatars.py",
    "tests/microservices/test_lifecycle.py",
    "tests/contract/test_votes.py",
    "tests/contract/test_posts.py",
    "tests/contract/test_search.py",
    "tests/loadtests/test_live.py",
)


def group_of(node: str) -> str:
    """Return the group of a test, by its node id."""
    file, _, test = node.partition("::")
    if any(each in test for each in PARAMETERS_OF_SERVICES) or _uses(FIXTURES_OF_SERVICES, file):
        return SERVICES
    if _uses(FIXTURE_OF_LOADED_MONOLITH, file):
        return LOADED_MONOLITH
    if file.startswith(OWN_MONOLITHS):
        return OWN_MONOLITHS
    if file == PARTS:
        return node
    return MONOLITH if "[live-monolith" in test else file


@cache
def _uses(fixture: re.Pattern[str], file: str) -> bool:
    """Return whether a test file uses a fixture."""
    return bool(fixture.search((PROJECT / file).read_text()))


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests in place by the length of their group, and within it the FIRST file to the front."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        group = group_of(item.nodeid).partition("::")[0]
        return LONG.index(group) if group in LONG else len(LONG), not item.nodeid.startswith(FIRST)

    items.sort(key=place)


class InGroups(LoadScopeScheduling):
    """Give each process one group after another, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # xdist would sort by the number of tests, not by their length
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
