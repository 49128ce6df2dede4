"""The functions of the templates, run in this process: started cold with their environment, then kept warm."""

import importlib.util
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
from botocore import handlers
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from microservices.deploy.contents import CONTRACT, CONTRACT_READER

from .cloud import Cloud
from .intrinsics import evaluate
from .makers import REGION
from .promises import document
from .systems import PROJECT

DYNAMODB = re.compile(r"https://(dynamodb|\d+\.ddb)\.")  # the account's number may stand in the address
Handler = Callable[[dict[str, Any], "Context"], Any]
Answer = Callable[[Any], AWSResponse | None]  # what a service says to a request, None for another service's

_answers: list[Answer] = []  # of the services that moto does not play, the last one is asked first


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


class Function:
    """One function: `invoke` hands its handler an event as JSON would carry it, and takes its answer the same way."""

    def __init__(self, properties: dict[str, Any], environment: dict[str, str], *, arn: str) -> None:
        self.name: str = properties["FunctionName"]
        self.arn = arn
        self._module, _, self._attribute = properties["Handler"].rpartition(".")
        self._environment = environment | {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def invoke(self, event: dict[str, Any]) -> Any:
        with _environment(self._environment):
            answer = self._handler(json.loads(json.dumps(event)), Context(self.name, self.arn))
        return json.loads(json.dumps(answer))

    def rest(self) -> None:
        """Do at once what its threads do between requests, as far as it was ever invoked: here, nobody waits for them."""
        views = getattr(self.__dict__.get("_loaded"), "views", None)
        if views is not None:
            with _environment({"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}):
                views.flush()

    @cached_property
    def _handler(self) -> Handler:
        handler: Handler = getattr(self._loaded, self._attribute)
        return handler

    @cached_property
    def _loaded(self) -> ModuleType:
        with tempfile.TemporaryDirectory() as folder:
            spec = importlib.util.spec_from_file_location(self._module, _as_packaged(self._module, Path(folder)))
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return module


def functions(cloud: Cloud) -> dict[str, Function]:
    """Return every function of the templates by its ARN."""
    found = {}
    for stack in cloud.stacks.values():
        shared = stack.template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        for name, properties in stack.resources("AWS::Serverless::Function").items():
            variables = evaluate(shared, stack) | properties.get("Environment", {}).get("Variables", {})
            arn = stack.attribute(name, "Arn")
            found[arn] = Function(properties, variables, arn=arn)
    return found


def _as_packaged(module: str, folder: Path) -> Path:
    """Return the handler's file; the one that reads the contract gets it beside itself, as in its zip."""
    file = PROJECT / f"{module.replace('.', '/')}.py"
    if module != CONTRACT_READER:
        return file
    (folder / Path(CONTRACT).name).write_text(json.dumps(document()))
    return Path(shutil.copy(file, folder))


@contextmanager
def lambda_service(known: dict[str, Function]) -> Iterator[None]:
    """Answer Lambda's Invoke, which moto leaves to Docker, while the block lasts."""

    def answer(request: Any) -> AWSResponse | None:
        if not request.url.startswith(f"https://lambda.{REGION}.amazonaws.com/"):
            return None
        name = request.url.split("/functions/")[1].split("/")[0].replace("%3A", ":")
        function = next(each for arn, each in known.items() if name in (arn, each.name))
        payload = json.dumps(function.invoke(json.loads(request.body)))
        return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, MockRawResponse(payload))

    with _answered_by(answer):
        yield


@contextmanager
def dynamodb_away() -> Iterator[None]:
    """Let DynamoDB fail while the block lasts."""

    def answer(request: Any) -> AWSResponse | None:
        if not DYNAMODB.match(request.url):
            return None
        failure = {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "dynamodb fails"}
        return AWSResponse(request.url, 500, {}, MockRawResponse(json.dumps(failure)))

    with _answered_by(answer):
        yield


@contextmanager
def _answered_by(answer: Answer) -> Iterator[None]:
    """Let every client ask `answer` before it sends anything, while the block lasts."""
    _listen()
    _answers.append(answer)
    try:
        yield
    finally:
        _answers.remove(answer)


@cache
def _listen() -> None:
    """Hook into botocore once: a session takes the handlers that are there when it begins, and beginning one is dear."""

    def first_answer(request: Any, **_: Any) -> AWSResponse | None:
        return next((said for answer in reversed(_answers) if (said := answer(request)) is not None), None)

    handlers.BUILTIN_HANDLERS.insert(0, ("before-send", first_answer))
    boto3.setup_default_session()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set the variables while the block lasts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
