"""Parse requests, the same way on both sides: JSON bodies into typed forms, and query strings."""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from shared_domain.errors import InvalidInput, MalformedBody, TooLarge, WrongContentType
from shared_domain.text import clean

MAX_BODY_BYTES = 64 * 1024  # bytes
MAX_HEAD_BYTES = 10_240  # bytes of request line and header values: API Gateway's quota

Shape = TypeVar("Shape", bound=msgspec.Struct)

_FIELD_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN_OR_MISSING = re.compile(
    r"^Object (?P<problem>contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)


def build_decoder(shape: type[Shape]) -> type[Shape]:
    """Build msgspec's type information at import. Building it lazily from two threads crashes the process (SIGSEGV in 0.22)."""
    msgspec.json.Decoder(shape)
    return shape


def parse_body(shape: type[Shape], raw: bytes, *, content_type: str | None) -> Shape:
    """Return the JSON object as an instance of `shape`.

    Raise TooLarge, WrongContentType or MalformedBody for an unreadable body, InvalidInput for the first invalid field.
    """
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"the body must be at most {MAX_BODY_BYTES} bytes")
    if not _is_json(content_type):
        raise WrongContentType("the Content-Type must be application/json, in UTF-8")
    try:
        # Two steps, because the last of duplicate names counts: decoding drops the earlier ones, so converting never checks them.
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody("the body is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise MalformedBody("the body must be a JSON object")
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise _to_invalid_input(str(error)) from error


def sent_fields(form: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that the client sent as keyword arguments."""
    sent = ((name, getattr(form, name)) for name in form.__struct_fields__)
    return {name: value for name, value in sent if value is not msgspec.UNSET}


class Query:
    """The parameters of a query string. The first value of a repeated parameter counts; unknown parameters are ignored."""

    def __init__(self, raw: str) -> None:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="surrogateescape")
        self._first = dict(reversed(pairs))

    def get(self, name: str) -> str | None:
        """Return the value, None if it is absent. Raise InvalidInput if it is not UTF-8 or has a control character."""
        value = self._first.get(name)
        if value is None:
            return None
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidInput(name, "must be UTF-8")
        return clean(name, value)


def _is_json(content_type: str | None) -> bool:
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [
        value.strip('"') for name, _, value in (text.partition("=") for text in parameters) if name == "charset"
    ]
    return media_type == "application/json" and all(charset == "utf-8" for charset in charsets)


def _to_invalid_input(message: str) -> InvalidInput:
    """Translate a message of msgspec. The field's name is only in its text."""
    location = _FIELD_AT.search(message)
    problem = _FIELD_AT.sub("", message)
    field = location["path"] if location else ""
    if match := _UNKNOWN_OR_MISSING.match(problem):
        problem = "is not a field of this request" if match["problem"] == "contains unknown" else "is required"
        field = f"{field}.{match['name']}" if field else match["name"]
    return InvalidInput(field, problem.replace("`", ""))
