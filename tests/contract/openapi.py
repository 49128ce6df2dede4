"""Check responses against docs/openapi.yaml.

`check_response` raises AssertionError with the request in its message.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
_FEATURES = "users|posts|votes|search|feedback|orders|avatars|trending|live"
LEAKS = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|/srv/|/opt/|/tmp/|/home/|/var/task|arn:aws|sqlalchemy|psycopg|botocore|boto3"
    rf"|dynamodb|kinesis|-({_FEATURES})-http|(reference|contract)-({_FEATURES}|site)|\bSELECT\b|\brelation\b|\bpk\b"
)
ANYTHING = "*/*"  # the media type of an undocumented body
Document = dict[str, Any]


@cache
def document() -> Document:
    """Return docs/openapi.yaml as plain data."""
    loaded: Document = yaml.load((ROOT / "docs" / "openapi.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Return operationId → (METHOD, path template) of every operation the document names."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def check_response(response: httpx.Response, *, path: str) -> None:
    """Raise AssertionError unless the contract allows this response. path: below the base URL."""
    request = response.request
    said = f"{request.method} {path} -> {response.status_code} {response.text[:600]}"
    assert response.status_code < 500, said
    operation = _operation(request.method, path)
    if operation is None:
        assert response.status_code in (404, 431), said
    elif response.status_code != 431:  # every operation may answer it
        _check_documented(response, operation, said=said)
    if response.status_code >= 400:
        assert not LEAKS.search(response.text), said
        _check_problem(response, operation, said=said)


def _check_documented(response: httpx.Response, operation: Document, *, said: str) -> None:
    documented = _deref(operation["responses"].get(str(response.status_code)))
    assert documented, f"the status is not documented: {said}"
    for name, header in documented.get("headers", {}).items():
        _check_header(response, name, _deref(header), said=said)
    content = documented.get("content")
    if not content:
        assert response.content == b"", said
        return
    if ANYTHING in content:
        return
    media_type = _media_type(response)
    assert media_type in content, f"{media_type!r} is not documented: {said}"
    if media_type.endswith("json"):
        _valid(response.json(), content[media_type]["schema"], said=said)


def _check_header(response: httpx.Response, name: str, header: Document, *, said: str) -> None:
    if name not in response.headers:
        assert not header.get("required"), f"no {name}: {said}"
        return
    _valid(response.headers[name], header["schema"], said=f"{name}: {said}")


def _check_problem(response: httpx.Response, operation: Document | None, *, said: str) -> None:
    if _gateway_may_answer(response, operation):
        return
    assert _media_type(response) == "application/problem+json", said
    assert response.json()["status"] == response.status_code, said
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer"), said
    if response.status_code in (429, 503):
        assert int(response.headers["Retry-After"]) >= 0, said


def _gateway_may_answer(response: httpx.Response, operation: Document | None) -> bool:
    if response.status_code == 401 and operation is not None and "security" in operation:
        return not response.request.headers.get("Authorization")
    return response.status_code in (429, 431) or operation is None or _is_anything(response, operation)


def _is_anything(response: httpx.Response, operation: Document) -> bool:
    """Return whether the document leaves the body open, as for a missing file that S3 answers itself."""
    documented = _deref(operation["responses"][str(response.status_code)])
    return ANYTHING in documented.get("content", {})


def _media_type(response: httpx.Response) -> str:
    media_type: str = response.headers.get("Content-Type", "")
    return media_type.partition(";")[0].strip().lower()


def _operation(method: str, path: str) -> Document | None:
    """Return the documented operation of a method and a percent-encoded path, or None."""
    bare = unquote(path.partition("?")[0])  # %2F becomes a slash, so the path matches no operation
    for template, item in sorted(document()["paths"].items(), key=lambda pair: "{" in pair[0]):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare, re.DOTALL):
            operation: Document | None = item.get(method.lower())
            return operation
    return None


def _deref(node: Any) -> Any:
    if not isinstance(node, dict) or "$ref" not in node:
        return node
    target: Any = document()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return target


def _valid(value: Any, schema: Document, *, said: str) -> None:
    error = next(_validator(json.dumps(schema)).iter_errors(value), None)
    assert error is None, f"{error.message if error else ''}: {said}"


@cache
def _validator(schema: str) -> Draft202012Validator:
    """Return a validator of a JSON schema. Its references point into the document."""
    return Draft202012Validator(json.loads(schema) | {"components": document()["components"]})
