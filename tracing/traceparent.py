"""W3C Trace Context: which trace a message belongs to, and which span sent it. https://www.w3.org/TR/trace-context/

A traceparent says nothing else, and nothing but spans is ever derived from it.
"""

import re
import secrets
from dataclasses import dataclass

NAME = "traceparent"

_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?", re.ASCII
)
_LONGEST = 256  # characters that are looked at; version 00 has 55


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A trace, and the span in it that sends something on. As text it is version 00, recorded."""

    trace: str
    span: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-01"


def read(text: object) -> Traceparent | None:
    """Return what a message carries; None for what is no traceparent, so that a new trace starts."""
    found = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"] is not None):
        return None
    if set(found["trace"]) == {"0"} or set(found["span"]) == {"0"}:
        return None
    return Traceparent(found["trace"], found["span"])


def new_trace() -> str:
    return secrets.token_hex(16)


def new_span() -> str:
    return secrets.token_hex(8)
