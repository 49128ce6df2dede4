"""Every time that JSON is made or read is a span: its size, and the line of ours that asks for it.

Neither json nor msgspec tells anybody, so their functions are replaced while something is explained, for whoever calls them.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

from tracing import spans

MADE = (("json", "dumps"), ("msgspec.json", "encode"))
READ = (("json", "loads"), ("msgspec.json", "decode"))
KIND = "serialising"


def watch() -> Callable[[], None]:
    """Replace those that are loaded; return what puts them back."""
    loaded = [(sys.modules[module], name) for module, name in (*MADE, *READ) if module in sys.modules]
    kept = [(module, name, getattr(module, name)) for module, name in loaded]
    for module, name, original in kept:
        setattr(module, name, _counted(original, made=name in ("dumps", "encode")))

    def put_back() -> None:
        for module, name, original in kept:
            setattr(module, name, original)

    return put_back


def _counted(original: Callable[..., Any], *, made: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(content: Any, *arguments: Any, **options: Any) -> Any:
        if spans.running() is None:
            return original(content, *arguments, **options)
        span = spans.begin(KIND, "JSON out" if made else "JSON in")
        result = None
        try:
            result = original(content, *arguments, **options)
        finally:
            spans.end(span, bytes=_size(result if made else content))
        return result

    return call


def _size(text: object) -> int:
    return len(text) if isinstance(text, str | bytes | bytearray | memoryview) else 0
