"""The user's environment does not change how the load tools reach local systems and start programs."""

import pytest

from loadtests import processes, provenance
from loadtests.client import open_client
from loadtests.processes import is_remote
from tests.hostile_environment import variables
from tests.loadtests.planted import serving


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(port=1).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("hostile")
def test_a_local_system_is_reached_without_proxies() -> None:
    with serving(lambda number: (200, {})) as server, open_client(server.url) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost:4566/_aws/x", False),
        ("ws://[::1]:1/live", False),
        ("https://example.org", True),
    ],
)
def test_proxies_are_for_remote_systems_only(url: str, remote: bool) -> None:
    assert is_remote(url) is remote
    if not remote:
        with open_client(url.replace("ws:", "http:")) as client:
            assert not client.trust_env


@pytest.mark.usefixtures("hostile")
def test_started_programs_get_no_variables_of_python_locust_and_git() -> None:
    environment = processes.environment()
    known = ("PYTHON", "LOCUST_", "GIT_")
    assert {name: value for name, value in environment.items() if name.startswith(known)} == {"PYTHONUTF8": "1"}
    assert environment["PGHOSTADDR"] == "127.0.0.1"  # the monolith decides: a database of the user needs it


def test_local_hosts_are_added_to_the_hosts_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert processes.environment()["no_proxy"] == "example.org,localhost,127.0.0.1,::1"


@pytest.mark.usefixtures("hostile")
def test_the_commit_is_of_this_clone() -> None:
    assert provenance.commit() != "unknown"
