"""The services work with old releases of the libraries that the Lambda runtime brings.

AWS chooses the releases of boto3, botocore and urllib3. Its documentation lists none for python3.13: they depend on the runtime's
release and on the region. `oldest-runtime.lock` has releases that are older than python3.13 itself. urllib3 was 1.26 until 2026.
"""

import ast
import subprocess
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import httpx
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from microservices.deploy import package_cache, packages
from microservices.deploy.emulator_process import ENVIRONMENT, INTERPRETER
from tests.architecture.iam_actions import SERVICES, operations
from tests.contract.loopback_server import loopback

from .test_packages import SERVICE_OF, function_environment

OLDEST = ENVIRONMENT / "oldest"
PROJECT = Path(__file__).parents[2]
# All handlers in one process, because a start takes seconds. test_packages.py proves that each zip alone is complete.
LOAD = """
import importlib, sys
for handler in sys.argv[1:]:
    assert importlib.import_module(handler).lambda_handler
import boto3, urllib3
print(boto3.__version__, urllib3.__version__)
"""
CALL = """
import sys
from types import SimpleNamespace
from botocore.awsrequest import AWSResponse
from microservices.aws import client
from microservices.votes.peers import PostsService

def answer(request, **_):
    print(request.headers.get("If-Match"), request.headers.get("If-None-Match"))
    return AWSResponse(request.url, 200, {}, SimpleNamespace(stream=lambda: [b""]))

PostsService(SimpleNamespace(post_exists=lambda post_id: None), api_base=sys.argv[1]).require("one")
s3 = client("s3")
s3.meta.events.register("before-send.s3.PutObject", answer)
for condition in ({"IfMatch": "tag"}, {"IfNoneMatch": "*"}, {}):
    s3.put_object(Bucket="bucket", Key="key", Body=b"", **condition)
"""

pytestmark = pytest.mark.skipif(
    not OLDEST.exists(), reason="`make test` installs them, but not from a folder of wheels"
)


class ApiCall(NamedTuple):
    """A call of AWS in our code: the place, the name of the method and the names of its parameters."""

    place: str
    method: str
    parameters: frozenset[str]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the content of every function's zip."""
    folder = tmp_path_factory.mktemp("tree")
    for each in package_cache.get_packages():
        with zipfile.ZipFile(each.zip) as archive:
            archive.extractall(folder)
    return folder


def run(tree: Path, code: str, *arguments: str) -> str:
    """Run code with the zips' content and the old libraries only; return its output."""
    variables = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    for function, service in SERVICE_OF.items():
        variables |= function_environment(service, function)
    paths = f"import sys; sys.path += {[str(tree), str(OLDEST)]}; "
    ran = subprocess.run(
        [INTERPRETER, "-I", "-S", "-c", paths + f"exec({code!r})", *arguments],
        env=variables,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_every_handler_loads(tree: Path) -> None:
    assert run(tree, LOAD, *sorted(set(packages.handlers().values()))).split() == ["1.34.145", "1.26.19"]


@pytest.mark.slow
def test_requests_to_posts_and_conditional_writes_to_s3_are_sent(tree: Path) -> None:
    statuses = [200, 503]

    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(statuses.pop(), json={})

    with loopback() as server:
        server.gateway = SimpleNamespace(serve=serve)  # type: ignore[attr-defined]
        written = run(tree, CALL, f"http://127.0.0.1:{server.server_port}")
    assert statuses == []
    assert written.split() == ["b'tag'", "None", "None", "b'*'", "None", "None"]


def test_the_old_releases_know_every_parameter_that_the_code_passes() -> None:
    calls = list(_api_calls())
    assert len(calls) > 50
    assert [call for call in calls if not any(call.parameters <= each for each in _known_parameters(call.method))] == []


def _api_calls() -> Iterator[ApiCall]:
    """Yield the calls in our code whose method is an operation of a service that we use."""
    named = {method for service in SERVICES for method in operations(service)}
    for file in sorted((PROJECT / "microservices").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in named:
                names = frozenset(each.arg for each in node.keywords if each.arg and each.arg[0].isupper())
                yield ApiCall(f"{file.name}:{node.lineno}", node.func.attr, names)


def _known_parameters(method: str) -> list[frozenset[str]]:
    """Return the parameters of the method in each service that has it."""
    names = {service: operations(service).get(method, "").partition(":")[2] for service in SERVICES}
    return [
        frozenset(_model(service).operation_model(name).input_shape.members)
        for service, name in names.items()
        if name in _model(service).operation_names
    ]


@cache
def _model(service: str) -> ServiceModel:
    loader = Loader(extra_search_paths=[str(OLDEST / "botocore" / "data")], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model(service, "service-2"))
