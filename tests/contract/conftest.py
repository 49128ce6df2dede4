"""The implementations of the API contract.

| id | is | "eventually" takes at most |
|---|---|---|
| monolith | the Flask application in this process, over an embedded PostgreSQL | nothing |
| functions | the Lambda handlers in this process, over moto, streams delivered after each request | nothing |
| live-monolith | `python -m monolith`, or whatever answers at `--monolith-url` | nothing |
| live-microservices | `python -m microservices`, or whatever answers at `--microservices-url` | 5 s |

With one of the URL options the tests run only on these systems. `-m live_api` selects the tests that need only base URLs:
`pytest tests/contract -m live_api --monolith-url URL --microservices-url URL` is the parity check of a load run.
Such a system needs the administrator `admin`, and no user of that name before the tests. Its live feed is tested too, that of
the microservices if `--microservices-live-url` is passed.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from loadtests.processes import is_remote

from .both_sides import BothSides
from .client import Api, Person
from .feed import Feed

EVENTUALLY_S = 5.0  # the contract's limit
SHARED_CORES_S = 30.0  # the limit for a system that the tests start: other tests use the same cores
TIMEOUT_S = 30.0  # the gateway's limit
IN_PROCESS = ("monolith", "functions")
LIVE_URL_OPTION = "--microservices-live-url"
URL_OPTIONS = {"live-monolith": "--monolith-url", "live-microservices": "--microservices-url"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "systems to test in place of those that the tests start")
    for system, option in URL_OPTIONS.items():
        group.addoption(option, metavar="URL", help=f"base URL of the {system.removeprefix('live-')}")

    group.addoption(LIVE_URL_OPTION, metavar="URL", help="URL of the microservices' live feed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files without selected tests: importing them takes each process of a parity check seconds."""
    tests = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    is_parity_check = config.getoption("markexpr") == "live_api"
    return True if is_parity_check and tests and "live_api" not in collection_path.read_text() else None


def url_option(config: pytest.Config, system: str) -> str | None:
    """Return the URL of a running system from the command line, or None."""
    url: str | None = config.getoption(URL_OPTIONS[system].lstrip("-").replace("-", "_"), None)
    return url


def patience_with(config: pytest.Config, system: str) -> float:
    """Return the limit for eventual consistency of a running system, in seconds."""
    return EVENTUALLY_S if url_option(config, system) else SHARED_CORES_S


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses `api` on every implementation, or on those from the command line."""
    named = [system for system in URL_OPTIONS if url_option(metafunc.config, system)]
    if "inside" in metafunc.fixturenames:
        metafunc.parametrize("inside", () if named else IN_PROCESS, indirect=True, scope="module")
    running = [pytest.param(name, marks=pytest.mark.live) for name in named or URL_OPTIONS]
    if "feed" in metafunc.fixturenames:
        unknown = "live-microservices" in named and not metafunc.config.getoption(LIVE_URL_OPTION)
        known = [each for each in running if not (unknown and each.values == ("live-microservices",))]
        metafunc.parametrize("feed", known, indirect=True, scope="module")
    if "live" in metafunc.fixturenames:
        metafunc.parametrize("live", running, indirect=True, scope="module")
    if "api" in metafunc.fixturenames:
        metafunc.parametrize("api", running if named else [*IN_PROCESS, *running], indirect=True, scope="module")


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest) -> Api:
    """One implementation of the contract."""
    implementation: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    return implementation


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest) -> Api:
    """One running system."""
    implementation: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    return implementation


@pytest.fixture(scope="module")
def feed(request: pytest.FixtureRequest) -> Feed:
    """The live feed of one running system."""
    api: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    url = request.getfixturevalue(f"{request.param}_feed".replace("-", "_"))
    return Feed(api, url, patience=patience_with(request.config, request.param))


@pytest.fixture(scope="session")
def live_monolith_feed(monolith_url: str) -> str:
    return f"ws{monolith_url.removeprefix('http')}/live"


@pytest.fixture(scope="session")
def live_microservices_feed(request: pytest.FixtureRequest) -> str:
    url: str | None = request.config.getoption(LIVE_URL_OPTION)
    return url or str(request.getfixturevalue("local_aws_stack").live_url)


@pytest.fixture(scope="module")
def inside(request: pytest.FixtureRequest) -> Api:
    """One implementation in this process, with a known token secret."""
    implementation: Api = request.getfixturevalue(f"{request.param}_api")
    return implementation


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """A user who writes posts."""
    return api.join("ada")


@pytest.fixture(scope="module")
def bob(api: Api) -> Person:
    """Another user."""
    return api.join("bob")


@pytest.fixture(scope="module")
def both_sides(request: pytest.FixtureRequest) -> BothSides:
    """Both systems: the running ones if both URLs are passed, else those in this process."""
    running = all(url_option(request.config, system) for system in URL_OPTIONS)
    names = ("live_monolith_api", "live_microservices_api") if running else ("monolith_api", "functions_api")
    left, right = (request.getfixturevalue(name) for name in names)
    return BothSides(left, right, people=3)


@pytest.fixture(scope="session")
def monolith_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    from .systems import monolith_application  # noqa: PLC0415  not needed for running systems, slow to import
    from .wsgi import WsgiTransport  # noqa: PLC0415

    with monolith_application(tmp_path_factory.mktemp("pg")) as application:
        yield Api(httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test"), patience=0)


@pytest.fixture(scope="module")
def functions_api() -> Iterator[Api]:
    """A new system for each module, so that a module can open its own one."""
    from .gateway import gateway_over_moto  # noqa: PLC0415  as above

    with gateway_over_moto() as gateway:
        yield Api(httpx.Client(transport=gateway, base_url="http://functions.test"), patience=0)


@pytest.fixture(scope="session")
def live_monolith_api(monolith_url: str) -> Iterator[Api]:
    with httpx.Client(base_url=monolith_url, timeout=TIMEOUT_S, trust_env=is_remote(monolith_url)) as client:
        yield Api(client, patience=0)


@pytest.fixture(scope="session")
def live_microservices_api(request: pytest.FixtureRequest, microservices_url: str) -> Iterator[Api]:
    with httpx.Client(base_url=microservices_url, timeout=TIMEOUT_S, trust_env=is_remote(microservices_url)) as client:
        yield Api(client, patience=patience_with(request.config, "live-microservices"))


@pytest.fixture(scope="session")
def monolith_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of the session's own monolith."""
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="session")
def monolith_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a running monolith: the one from the command line, or the session's own."""
    if url := url_option(request.config, "live-monolith"):
        yield url
        return
    from .systems import running_monolith  # noqa: PLC0415  as above

    with running_monolith(request.getfixturevalue("monolith_folder")) as url:
        yield url


@pytest.fixture(scope="session")
def microservices_url(request: pytest.FixtureRequest) -> str:
    """The base URL of the running microservices: the one from the command line, or the session's deployment."""
    url = url_option(request.config, "live-microservices")
    return url or str(request.getfixturevalue("local_aws_stack").url)
