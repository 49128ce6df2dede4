"""Every log line of a function has the id of its request."""

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from microservices.deploy import packages
from microservices.request_ids import with_request_id

from .aws_events import event

CONTEXT = SimpleNamespace(aws_request_id="lambda-1")


@pytest.mark.parametrize(
    ("form", "request_id"), [("http_api_2.0", "JKJaXmPLvHcESHA="), ("alb", "lambda-1"), ("sqs", "lambda-1")]
)
def test_a_log_line_has_the_id_of_the_gateway_and_of_lambda(
    monkeypatch: pytest.MonkeyPatch, form: str, request_id: str
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{form}")
    lines = io.StringIO()
    log, of_another_module = Logger(stream=lines), Logger()

    @with_request_id
    def handler(event: dict[str, Any], context: object) -> None:
        log.info("handled")
        of_another_module.error("failed")

    handler(event(form), CONTEXT)
    handled, failed = map(json.loads, lines.getvalue().splitlines())
    assert handled["request_id"] == failed["request_id"] == request_id
    assert handled["function_request_id"] == failed["function_request_id"] == "lambda-1"


@pytest.mark.parametrize("module", sorted(packages.handlers().values()))
def test_every_handler_logs_the_request_id(module: str) -> None:
    source = (Path(packages.PROJECT) / f"{module.replace('.', '/')}.py").read_text()
    assert re.search(r"^@with_request_id\ndef lambda_handler|^\w+ = serve\(", source, re.MULTILINE)
