"""Retry a use case when its conditional write fails. The monolith locks the row instead."""

import functools
import random
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from shared_domain.errors import Conflict

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

MAX_ATTEMPTS = 10  # of eight concurrent writers of one item, at least one succeeds in each round
MAX_SECONDS = 3.0  # of a function's timeout of ten
_FIRST_PAUSE = 0.01  # seconds: about the time of a conditional write
_LONGEST_PAUSE = 0.3


def retry_on_conflict(use_case: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run the whole use case again, from its first read, when it raises Conflict.

    Raise Conflict if MAX_ATTEMPTS attempts fail, or the first one that ends after MAX_SECONDS.
    """

    @functools.wraps(use_case)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        for pause in _pauses():
            try:
                return use_case(*arguments, **options)
            except Conflict:
                time.sleep(pause)
        return use_case(*arguments, **options)

    return run


def _pauses() -> Iterator[float]:
    """Yield the pause after each attempt but the last. It is random: writers that failed together must not write together again."""
    deadline = time.monotonic() + MAX_SECONDS
    for attempt in range(MAX_ATTEMPTS - 1):
        yield random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311  no secret
        if time.monotonic() > deadline:
            return
