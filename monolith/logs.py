"""Write log lines as JSON, with the id of the request that causes each. Twin: microservices/request_ids.py."""

import logging
import secrets
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

HEADER = b"x-request-id"

request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    """Return an id. As at API Gateway, a header of the client cannot choose it."""
    return secrets.token_hex(16)


def configure(file: Path | None, *, level: int) -> None:
    """Write the lines of all loggers to the file, or to standard error."""
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)


class JsonLines(logging.Formatter):
    """A formatter: one JSON object for each record. Its attribute `fields`, if any, is merged into the object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _printable(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if current := request_id.get():
            line["request_id"] = current
        if record.exc_info:
            line["exception"] = _printable(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def _printable(text: str) -> str:
    """Return the text without what UTF-8 cannot encode."""
    return text.encode(errors="backslashreplace").decode()
