"""A use case whose write fails runs again after a random pause, a limited number of times and for a limited time."""

import time

import pytest

from microservices.conflicts import MAX_ATTEMPTS, MAX_SECONDS, retry_on_conflict
from shared_domain.errors import Conflict, NotFound


class Attempts:
    """A use case that fails with Conflict a number of times and takes a time, in seconds. It records when it started."""

    def __init__(self, *, failures: int, seconds: float = 0.0) -> None:
        self.started: list[float] = []
        self._failures = failures
        self._seconds = seconds

    def __call__(self) -> str:
        self.started.append(time.monotonic())
        time.sleep(self._seconds)
        if len(self.started) <= self._failures:
            raise Conflict("another function has written")
        return "done"

    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.started, self.started[1:], strict=False)]


def test_an_attempt_after_a_conflict_waits_for_a_random_time() -> None:
    cases = [Attempts(failures=4) for _ in range(5)]
    for case in cases:
        assert retry_on_conflict(case)() == "done"
    pauses = [pause for case in cases for pause in case.pauses()]
    assert max(pauses) > 0.01
    assert len({round(pause, 4) for pause in pauses}) > len(pauses) / 2


def test_the_attempts_end_with_a_conflict() -> None:
    case = Attempts(failures=MAX_ATTEMPTS)
    with pytest.raises(Conflict):
        retry_on_conflict(case)()
    assert len(case.started) == MAX_ATTEMPTS
    assert case.started[-1] - case.started[0] < MAX_SECONDS


@pytest.mark.slow
def test_a_slow_use_case_gets_fewer_attempts() -> None:
    case = Attempts(failures=MAX_ATTEMPTS, seconds=1.0)
    with pytest.raises(Conflict):
        retry_on_conflict(case)()
    assert MAX_SECONDS < case.started[-1] - case.started[0] + 1.0 < MAX_SECONDS + 3.0


def test_other_errors_and_arguments_pass_through() -> None:
    @retry_on_conflict
    def refuse(name: str, *, reason: str) -> None:
        raise NotFound(f"{name}: {reason}")

    with pytest.raises(NotFound, match="post: gone"):
        refuse("post", reason="gone")
