"""Correct the local AWS in its own process: where a client would see another answer than API Gateway's, and in its stacks.

| request | the local AWS alone | corrected |
|---|---|---|
| OPTIONS, without a CORS configuration | 403 | 404, as each method without a route |
| request line and header values over 10,240 bytes, the quota | served | 431 |
| the name of a file in S3 has a space or a non-ASCII character | 502 with the bucket's address | 404 from S3 |
| S3 answers with an error | its document, which names the bucket | the status |
| a function or an integration fails | 502 with the error's text, even paths | 502 with API Gateway's text |
| a stack with a budget | refused: only the API of budgets is there | the budget is created by that API |
| tags of a table whose stack was deleted | listed | not listed |

emulator_process.py calls `install` before the emulator starts. The emulator's interpreter has none of this project's packages.
"""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from ministack.services import apigateway, budgets, dynamodb
from ministack.services.cloudformation import provisioners

MAX_HEAD_BYTES = 10_240

Answer = tuple[int, dict[str, str], bytes]

_execute = apigateway.handle_execute
_forward = apigateway._invoke_http_proxy


def install() -> None:
    """Replace the emulator's functions that serve a request and that forward it to S3, and add budgets to its stacks."""
    apigateway.handle_execute = _handle_execute
    apigateway._invoke_http_proxy = _invoke_http_proxy
    provisioners._RESOURCE_HANDLERS["AWS::Budgets::Budget"] = {
        "create": _create_budget,
        "update": _update_budget,
        "delete": _delete_budget,
    }
    table = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"] = {**table, "delete": _delete_table}


async def _handle_execute(
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: dict[str, str],
    *rest: Any,
    raw_query_string: str | None = None,
) -> Answer:
    line = len(method) + len(quote(path, safe="/%")) + len(raw_query_string or "")
    if line + sum(map(len, headers.values())) > MAX_HEAD_BYTES:
        return _message(431, "Request Header Fields Too Large")
    if method == "OPTIONS":
        return _message(404, "Not Found")
    answer: Answer = await _execute(api_id, stage, path, method, headers, *rest, raw_query_string=raw_query_string)
    return _message(502, "Internal Server Error") if answer[0] == HTTPStatus.BAD_GATEWAY else answer


async def _invoke_http_proxy(integration: Any, path: str, *rest: Any) -> Answer:
    """Forward a request with an encoded path, and replace the document of an error."""
    answer: Answer = await _forward(integration, quote(path, safe="/%"), *rest)
    return _message(answer[0], HTTPStatus(answer[0]).phrase) if answer[0] >= HTTPStatus.BAD_REQUEST else answer


def _message(status: int, text: str) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({"message": text}).encode()


def _create_budget(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    status, _, body = budgets._create_budget(properties)
    if status != HTTPStatus.OK:
        raise ValueError(body.decode())
    return properties["Budget"]["BudgetName"], {}


def _update_budget(
    name: str, old: dict[str, Any], properties: dict[str, Any], stack: str
) -> tuple[str, dict[str, Any]]:
    _delete_budget(name, old)
    return _create_budget("", properties, stack)


def _delete_budget(name: str, properties: dict[str, Any]) -> None:
    budgets._delete_budget({"BudgetName": name})


def _delete_table(name: str, properties: dict[str, Any]) -> None:
    arn = dynamodb._tables[name]["TableArn"] if name in dynamodb._tables else ""
    provisioners._ddb_delete(name, properties)
    dynamodb._tags.pop(arn, None)
