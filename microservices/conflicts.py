"""Retry a use case when its conditional write fails. The monolith locks the row instead."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared_domain.errors import Conflict

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_MAX_ATTEMPTS = 10  # of eight concurrent writers of one item, at least one succeeds in each round


def retry_on_conflict(use_case: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run the whole use case again, from its first read, when it raises Conflict. Raise Conflict after ten attempts."""

    @functools.wraps(use_case)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        for _ in range(_MAX_ATTEMPTS - 1):
            try:
                return use_case(*arguments, **options)
            except Conflict:
                continue
        return use_case(*arguments, **options)

    return run
