"""Trace what a root span does in the threads of a pool, and count what it logs."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from loadtests.explain.hooks import replace_attribute, spans


@contextmanager
def pools_traced() -> Iterator[None]:
    """Run each task of a thread pool in the root span that submits it, while the block lasts."""
    with replace_attribute(ThreadPoolExecutor, "submit", _in_this_root):
        yield


def _in_this_root(submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    def call(pool: ThreadPoolExecutor, task: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        return submit(pool, spans.in_this_root(task), *arguments, **options)

    return call


class CountedOutput:
    """A text stream that adds the bytes of each text to the root span that writes it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write and count a text."""
        if running := spans.running():
            running.log_bytes += len(text.encode())
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
