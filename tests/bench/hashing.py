"""Time password hashing separately, because it is slow on purpose on both sides."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any

from argon2 import PasswordHasher


@contextmanager
def hashing_timed() -> Iterator[list[float]]:
    """Collect the seconds of every hash and verification in a block."""
    took: list[float] = []
    kept = {name: getattr(PasswordHasher, name) for name in ("hash", "verify")}

    def timed(original: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            began = thread_time()
            try:
                return original(*arguments, **named)
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
