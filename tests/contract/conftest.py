"""The one table of implementations that the API contract is asked of.

| id | is | "eventually" takes at most |
|---|---|---|
| monolith | the Flask application in this process, over an embedded PostgreSQL | nothing |
| functions | the Lambda handlers in this process, over moto, streams delivered after each request | nothing |
| live-monolith | `python -m monolith`, or whatever answers at `--monolith-url` | nothing |
| live-microservices | `python -m microservices`, or whatever answers at `--microservices-url` | 5 s |

With one of the two options only the systems named by them are asked, and `-m live_api` picks what can be told from outside:
`pytest tests/contract -m live_api --monolith-url URL --microservices-url URL` is the parity gate of a load run.
Such a system must have `admin` among its administrators, and nobody but these tests may have signed up by that name. Its live
feed is asked too, that of microservices where `--microservices-live-url` names it.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .both_sides import BothSides
from .client import Api, Person
from .feed import Feed

EVENTUALLY_S = 5.0  # what the contract gives a system
BESIDE_TESTS_S = (
    30.0  # a system of these tests' own: beside it run others, on the same cores, of which the contract knows nothing
)
TIMEOUT_S = 30.0  # as long as the gateways of the services wait
IN_PROCESS = ("monolith", "functions")
LIVE_URL_OPTION = "--microservices-live-url"
URL_OPTIONS = {"live-monolith": "--monolith-url", "live-microservices": "--microservices-url"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "systems that the contract is asked of, in place of those the tests start")
    for system, option in URL_OPTIONS.items():
        group.addoption(option, metavar="URL", help=f"base URL of the {system.removeprefix('live-')}")

    group.addoption(LIVE_URL_OPTION, metavar="URL", help="URL of the microservices' live feed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files alone that hold nothing of what is asked: to load them takes each process of a parity gate seconds."""
    tests = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    asked = config.getoption("markexpr") == "live_api"
    return True if asked and tests and "live_api" not in collection_path.read_text() else None


def given_url(config: pytest.Config, system: str) -> str | None:
    """Return the URL that the command line gives for a live system, if it does."""
    url: str | None = config.getoption(URL_OPTIONS[system].lstrip("-").replace("-", "_"), None)
    return url


def patience_with(config: pytest.Config, system: str) -> float:
    """Return how many seconds a running system has for what is eventual."""
    return EVENTUALLY_S if given_url(config, system) else BESIDE_TESTS_S


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each test that takes `api` of every implementation, or of those that the command line names."""
    named = [system for system in URL_OPTIONS if given_url(metafunc.config, system)]
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
    found: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    return found


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest) -> Api:
    """One running system."""
    found: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    return found


@pytest.fixture(scope="module")
def feed(request: pytest.FixtureRequest) -> Feed:
    """The live feed of one running system, which has its time for what it tells, on either side."""
    api: Api = request.getfixturevalue(f"{request.param}_api".replace("-", "_"))
    url = request.getfixturevalue(f"{request.param}_feed".replace("-", "_"))
    return Feed(api, url, patience=patience_with(request.config, request.param))


@pytest.fixture(scope="session")
def live_monolith_feed(monolith_url: str) -> str:
    return f"ws{monolith_url.removeprefix('http')}/live"


@pytest.fixture(scope="session")
def live_microservices_feed(request: pytest.FixtureRequest) -> str:
    given: str | None = request.config.getoption(LIVE_URL_OPTION)
    return given or str(request.getfixturevalue("local_aws_stack").live_url)


@pytest.fixture(scope="module")
def inside(request: pytest.FixtureRequest) -> Api:
    """One implementation in this process, whose secrets the tests know."""
    found: Api = request.getfixturevalue(f"{request.param}_api")
    return found


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """Somebody who writes posts."""
    return api.join("ada")


@pytest.fixture(scope="module")
def bob(api: Api) -> Person:
    """Somebody else."""
    return api.join("bob")


@pytest.fixture(scope="module")
def both_sides(request: pytest.FixtureRequest) -> BothSides:
    """The two systems beside each other: the running ones if both URLs are given, else those in this process."""
    running = all(given_url(request.config, system) for system in URL_OPTIONS)
    names = ("live_monolith_api", "live_microservices_api") if running else ("monolith_api", "functions_api")
    left, right = (request.getfixturevalue(name) for name in names)
    return BothSides(left, right, people=3)


@pytest.fixture(scope="session")
def monolith_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    from .systems import monolith_application  # noqa: PLC0415  who asks running systems has no use for what this loads
    from .wsgi import WsgiTransport  # noqa: PLC0415

    with monolith_application(tmp_path_factory.mktemp("pg")) as application:
        yield Api(httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test"), patience=0)


@pytest.fixture(scope="module")
def functions_api() -> Iterator[Api]:
    """A world for each module, for every transaction of moto's copies the tables it touches."""
    from .gateway import gateway_over_moto  # noqa: PLC0415  as above

    with gateway_over_moto() as gateway:
        yield Api(httpx.Client(transport=gateway, base_url="http://functions.test"), patience=0)


@pytest.fixture(scope="session")
def live_monolith_api(monolith_url: str) -> Iterator[Api]:
    with httpx.Client(base_url=monolith_url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=0)


@pytest.fixture(scope="session")
def live_microservices_api(request: pytest.FixtureRequest, microservices_url: str) -> Iterator[Api]:
    with httpx.Client(base_url=microservices_url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=patience_with(request.config, "live-microservices"))


@pytest.fixture(scope="session")
def monolith_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running monolith: the given one, or one of its own for this session."""
    if url := given_url(request.config, "live-monolith"):
        yield url
        return
    from .systems import running_monolith  # noqa: PLC0415  as above

    with running_monolith(tmp_path_factory.mktemp("live")) as url:
        yield url


@pytest.fixture(scope="session")
def microservices_url(request: pytest.FixtureRequest) -> str:
    """The base URL of the running microservices: the given one, or that of the stack this session deploys."""
    url = given_url(request.config, "live-microservices")
    return url or str(request.getfixturevalue("local_aws_stack").url)
