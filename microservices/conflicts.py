"""Losing a race and running again: what a row lock does for the monolith."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared_domain.errors import Conflict

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_TRIES = 10  # of eight that write one thing at once each round lets one through


def retry_on_conflict(use_case: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a use case that raises Conflict run again from its reading on, ten times at most; then Conflict leaves it."""

    @functools.wraps(use_case)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        for _ in range(_TRIES - 1):
            try:
                return use_case(*arguments, **options)
            except Conflict:
                continue
        return use_case(*arguments, **options)

    return run
