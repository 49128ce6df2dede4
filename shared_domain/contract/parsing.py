"""How a request is read: the body against its shape, the query string by its first values. Once for both sides."""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from shared_domain.errors import InvalidInput, MalformedBody, TooLarge, WrongContentType
from shared_domain.text import clean

MAX_BODY_BYTES = 64 * 1024  # bytes

Shape = TypeVar("Shape", bound=msgspec.Struct)

_FIELD_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN_OR_MISSING = re.compile(
    r"^Object (?P<problem>contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)


def build_decoder(shape: type[Shape]) -> type[Shape]:
    """Let msgspec learn the fields of a shape where it is defined. It would with the first value, and ends the process (SIGSEGV, in
    0.22) where two threads have one of a shape that is half build_decoder."""
    msgspec.json.Decoder(shape)
    return shape


def parse_body(shape: type[Shape], raw: bytes, *, content_type: str | None) -> Shape:
    """Return the JSON object as a value of `shape`.

    Raise WrongContentType, TooLarge or MalformedBody for what cannot be read, InvalidInput for the first field that does not fit.
    """
    if not _is_json(content_type):
        raise WrongContentType("the Content-Type must be application/json, in UTF-8")
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"the body must be at most {MAX_BODY_BYTES} bytes")
    try:
        # In two steps, so that of duplicate names the last one counts before any is checked.
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody("the body is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise MalformedBody("the body must be a JSON object")
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from error


def sent_fields(form: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that the client sent, to be handed on as keyword arguments."""
    sent = ((name, getattr(form, name)) for name in form.__struct_fields__)
    return {name: value for name, value in sent if value is not msgspec.UNSET}


class Query:
    """The query string: of a repeated parameter the first value counts, unknown ones are never looked at."""

    def __init__(self, raw: str) -> None:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="surrogateescape")
        self._first = dict(reversed(pairs))

    def get(self, name: str) -> str | None:
        """Return the value, None where it is absent. Raise InvalidInput if it is no UTF-8 or holds a control character."""
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


def _named(message: str) -> InvalidInput:
    """Translate msgspec's message, which names the field in its text and nowhere else."""
    place = _FIELD_AT.search(message)
    problem = _FIELD_AT.sub("", message)
    field = place["path"] if place else ""
    if odd := _UNKNOWN_OR_MISSING.match(problem):
        problem = "is not a field of this request" if odd["problem"] == "contains unknown" else "is required"
        field = f"{field}.{odd['name']}" if field else odd["name"]
    return InvalidInput(field, problem.replace("`", ""))
