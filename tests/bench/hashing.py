"""Takes the time of password hashing apart: it is meant to be slow, on both sides alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any

from argon2 import PasswordHasher


@contextmanager
def hashing_timed() -> Iterator[list[float]]:
    """Collect the seconds of every hash and every verification while the block lasts."""
    took: list[float] = []
    kept = {name: getattr(PasswordHasher, name) for name in ("hash", "verify")}

    def timed(original: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            began = thread_time()
            try:
                return original(*given, **named)
            finally:
                took.append(thread_time() - began)

        return run

    for name, original in kept.items():
        setattr(PasswordHasher, name, timed(original))
    try:
        yield took
    finally:
        for name, original in kept.items():
            setattr(PasswordHasher, name, original)
