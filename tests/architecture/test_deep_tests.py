"""`make test` keeps one variant of each promise, and `make test-deep` runs the others."""

import pytest

from tests.groups import FIRST, LONG, PROJECT

pytest_plugins = ("pytester",)

CONFTEST = """
import pytest
from tests.deep import mark_further_variants

def pytest_configure(config):
    for name in ("deep", "one_variant", "real_server", "deployed", "concurrent"):
        config.addinivalue_line("markers", f"{name}: see pyproject.toml")

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    mark_further_variants(items)
"""
TESTS = """
import pytest

@pytest.mark.one_variant
@pytest.mark.parametrize("service", ["users", "posts"])
def test_once(service): pass

@pytest.mark.one_variant("operation")
@pytest.mark.parametrize("form", [1, 2])
@pytest.mark.parametrize("operation", ["read", "write"])
def test_once_for_each_operation(operation, form): pass

@pytest.mark.parametrize("api", ["functions", "live-monolith", "live-microservices"])
@pytest.mark.parametrize("body", ["{", "["])
def test_contract(api, body): pass

@pytest.mark.real_server
@pytest.mark.parametrize("api", ["functions", "live-monolith", "live-microservices"])
@pytest.mark.parametrize("body", ["{", "["])
def test_socket(api, body): pass

@pytest.mark.deployed
@pytest.mark.parametrize("api", ["functions", "live-monolith", "live-microservices"])
@pytest.mark.parametrize("body", ["{", "["])
def test_queue(api, body): pass

@pytest.mark.concurrent
@pytest.mark.real_server
@pytest.mark.parametrize("api", ["monolith", "functions", "live-monolith"])
def test_at_once(api): pass

@pytest.mark.parametrize("body", ["{", "["])
def test_all(body): pass
"""


def collect(pytester: pytest.Pytester, marker: str) -> list[str]:
    """Return the ids of the tests that the marker expression selects."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    lines = pytester.runpytest("--collect-only", "-q", "-m", marker).outlines
    return sorted(line.removeprefix("test_it.py::test_") for line in lines if "::" in line)


def test_one_variant_of_a_promise_stays_in_make_test(pytester: pytest.Pytester) -> None:
    assert collect(pytester, "not deep") == [
        "all[[]",
        "all[{]",
        "at_once[live-monolith]",
        "at_once[monolith]",
        "contract[[-functions]",
        "contract[{-functions]",
        "once[users]",
        "once_for_each_operation[read-1]",
        "once_for_each_operation[write-1]",
        "queue[[-functions]",
        "queue[{-functions]",
        "queue[{-live-microservices]",
        "socket[[-functions]",
        "socket[{-functions]",
        "socket[{-live-microservices]",
        "socket[{-live-monolith]",
    ]


def test_the_other_variants_are_deep(pytester: pytest.Pytester) -> None:
    assert collect(pytester, "deep") == [
        "at_once[functions]",
        "contract[[-live-microservices]",
        "contract[[-live-monolith]",
        "contract[{-live-microservices]",
        "contract[{-live-monolith]",
        "once[posts]",
        "once_for_each_operation[read-2]",
        "once_for_each_operation[write-2]",
        "queue[[-live-microservices]",
        "queue[[-live-monolith]",
        "queue[{-live-monolith]",
        "socket[[-live-microservices]",
        "socket[[-live-monolith]",
    ]


def test_every_long_group_exists() -> None:
    files = [group for group in (FIRST, *LONG) if group.endswith(".py")]
    assert [file for file in files if not (PROJECT / file).exists()] == []
