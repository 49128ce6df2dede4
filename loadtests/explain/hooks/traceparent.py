"""W3C Trace Context: the trace that a message belongs to, and the span that sent it. https://www.w3.org/TR/trace-context/"""

import re
import secrets
from dataclasses import dataclass

NAME = "traceparent"

_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?", re.ASCII
)
_LONGEST = 256  # characters; version 00 has 55


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A trace and the sending span in it. As text it is version 00, with the recorded flag."""

    trace: str
    span: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-01"


def parse(text: object) -> Traceparent | None:
    """Return the traceparent in a text, or None if the text is not one."""
    match = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"] is not None):
        return None
    if set(match["trace"]) == {"0"} or set(match["span"]) == {"0"}:
        return None
    return Traceparent(match["trace"], match["span"])


def new_trace() -> str:
    return secrets.token_hex(16)


def new_span() -> str:
    return secrets.token_hex(8)
