"""Make a span of every call that writes or reads JSON, with the size of the text.

json and msgspec have no events for this, so their functions are replaced.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from loadtests.explain.hooks import replace_attribute, spans

FUNCTIONS = (("json", "dumps"), ("msgspec.json", "encode"), ("json", "loads"), ("msgspec.json", "decode"))
KIND = "serialising"


@contextmanager
def installed() -> Iterator[None]:
    """Replace the functions of the modules that are loaded while the block lasts."""
    with ExitStack() as hooks:
        for module, name in FUNCTIONS:
            if module in sys.modules:
                hooks.enter_context(replace_attribute(sys.modules[module], name, _traced))
        yield


def _traced(original: Callable[..., Any]) -> Callable[..., Any]:
    writes = original.__name__ in ("dumps", "encode")

    @functools.wraps(original)
    def call(content: Any, *arguments: Any, **options: Any) -> Any:
        if spans.running() is None:
            return original(content, *arguments, **options)
        span = spans.begin(KIND, "JSON out" if writes else "JSON in")
        result = None
        try:
            result = original(content, *arguments, **options)
        finally:
            spans.end(span, bytes=_size(result if writes else content))
        return result

    return call


def _size(text: object) -> int:
    return len(text) if isinstance(text, str | bytes | bytearray | memoryview) else 0
