"""Choose the tests that `make test` leaves to `make test-deep`: further variants of a promise that it proves already.

A test with the marker `one_variant` keeps its first variant in `make test`. With `one_variant("operation")` it keeps the first
variant of each operation. Every test of a running system keeps one variant: the same code runs all variants in process, and a
running system adds only its deployment.

So a contract test runs on both running systems only with the marker `real_server`: an HTTP server or several processes could break
it. With the marker `deployed` it runs on the microservices, where roles, triggers, queues or the gateway could break it.
A test with the marker `concurrent` proves nothing on the functions in this process.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

RUNNING_SYSTEMS = ("live-monolith", "live-microservices")
ONE_BY_ONE = (
    "functions"  # this implementation of the contract handles requests one by one, since moto is not thread-safe
)

# Markers that let a test run on a system in `make test`, by the value of its parameter `api` or `site`.
_MARKERS = {
    "live-monolith": ("real_server",),
    "live-microservices": ("real_server", "deployed"),
    "microservices_site": ("deployed",),
}

_ONLY_DEEP = re.compile(r"^pytestmark = .*\bmark\.deep\b", re.MULTILINE)


def has_only_deep_tests(path: Path) -> bool:
    """Return whether a file marks all its tests as deep. Importing it for other tests costs each process time."""
    return path.suffix == ".py" and bool(_ONLY_DEEP.search(path.read_text()))


def mark_further_variants(items: Iterable[pytest.Item]) -> None:
    """Add the marker `deep` to all variants of a test except the first one, and to those that need no running system."""
    seen = set()
    for item in items:
        if item.get_closest_marker("concurrent") and _parameters(item).get("api") == ONE_BY_ONE:
            item.add_marker(pytest.mark.deep)
        if (markers := _markers_for(item)) and not any(map(item.get_closest_marker, markers)):
            item.add_marker(pytest.mark.deep)
        promise = _promise_of(item)
        if promise is None:
            continue
        promise = (item.nodeid.partition("[")[0], *promise)
        if promise in seen:
            item.add_marker(pytest.mark.deep)
        seen.add(promise)


def _markers_for(item: pytest.Item) -> tuple[str, ...]:
    """Return the markers of which the test needs one, or nothing if its system needs none."""
    parameters = _parameters(item)
    system = parameters.get("api") or parameters.get("site")
    return _MARKERS.get(system, ()) if isinstance(system, str) else ()


def _promise_of(item: pytest.Item) -> list[str] | None:
    """Return the parameter values that identify the promise, or None if all variants stay."""
    parameters = _parameters(item)
    marker = item.get_closest_marker("one_variant")
    if marker is not None:
        return [repr(parameters[name]) for name in marker.args]
    return [value for value in parameters.values() if value in RUNNING_SYSTEMS] or None


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}
