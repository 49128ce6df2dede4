"""Run the functions of the templates in this process: a cold start with their environment, then warm invocations."""

import importlib.util
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from loadtests.explain.hooks.functions import traced
from loadtests.explain.hooks.spans import Write
from microservices.deploy.contents import CONTRACT, CONTRACT_READER

from .aws_calls import answered_by
from .cloud import STAGE, Cloud
from .intrinsics import evaluate
from .openapi import document
from .resources import REGION
from .systems import PROJECT


@dataclass(frozen=True, slots=True)
class Context:
    """The Lambda context of an invocation."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


class Function:
    """One function. `invoke` passes the event and the answer through JSON, as Lambda does."""

    def __init__(
        self, properties: dict[str, Any], environment: dict[str, str], *, arn: str, write: Write | None = None
    ) -> None:
        self.name: str = properties["FunctionName"]
        self.arn = arn
        self._write = write
        self._module, _, self._attribute = properties["Handler"].rpartition(".")
        self._environment = environment | {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
        self._idle: list[ModuleType] = []  # warm processes without an invocation

    def invoke(self, event: dict[str, Any]) -> Any:
        """Handle the event in a warm process, or in a new one if all are busy."""
        with _environment(self._environment):
            process = self._idle.pop() if self._idle else self._started()
            try:
                answer = getattr(process, self._attribute)(json.loads(json.dumps(event)), Context(self.name, self.arn))
            finally:
                self._idle.append(process)
        return json.loads(json.dumps(answer))

    def end(self) -> None:
        """Stop the idle processes, so that the next invocation is a cold start."""
        self._idle.clear()

    def _started(self) -> ModuleType:
        with tempfile.TemporaryDirectory() as folder:
            spec = importlib.util.spec_from_file_location(self._module, _as_packaged(self._module, Path(folder)))
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        if self._write is not None:
            service = self._environment["AWS_LAMBDA_FUNCTION_NAME"].removeprefix(f"{STAGE}-")
            handler = traced(getattr(module, self._attribute), service=service, write=self._write)
            setattr(module, self._attribute, handler)
        return module


def functions(cloud: Cloud, write: Write | None = None) -> dict[str, Function]:
    """Return every function of the templates by its ARN. write: takes their spans; None: they are not traced."""
    by_arn = {}
    for stack in cloud.stacks.values():
        shared = stack.template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        for name, properties in stack.resources("AWS::Serverless::Function").items():
            variables = evaluate(shared, stack) | properties.get("Environment", {}).get("Variables", {})
            arn = stack.attribute(name, "Arn")
            by_arn[arn] = Function(properties, variables, arn=arn, write=write)
    return by_arn


def _as_packaged(module: str, folder: Path) -> Path:
    """Return the handler's file. The contract reader gets openapi.json next to it, as in its package."""
    file = PROJECT / f"{module.replace('.', '/')}.py"
    if module != CONTRACT_READER:
        return file
    (folder / Path(CONTRACT).name).write_text(json.dumps(document()))
    return Path(shutil.copy(file, folder))


@contextmanager
def lambda_service(known: dict[str, Function]) -> Iterator[None]:
    """Answer Lambda's Invoke while the block lasts. moto would start Docker for it."""

    def answer(request: Any) -> AWSResponse | None:
        if not request.url.startswith(f"https://lambda.{REGION}.amazonaws.com/"):
            return None
        name = request.url.split("/functions/")[1].split("/")[0].replace("%3A", ":")
        function = next(each for arn, each in known.items() if name in (arn, each.name))
        payload = json.dumps(function.invoke(json.loads(request.body)))
        return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, MockRawResponse(payload))

    with answered_by(answer):
        yield


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
