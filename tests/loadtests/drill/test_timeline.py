"""A timeline counts outcomes by feature and second, and shows when requests were served again."""

import pytest

from loadtests.drill.timeline import served_again_s, timeline_of
from loadtests.tally import DROPPED, Tally

VOTE, SEARCH = "PUT /posts/{post_id}/vote", "GET /search"
NONE, OK, BAD = [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]


def test_outcomes_are_counted_by_feature_and_second() -> None:
    tally = Tally(0)
    for operation, offset_s, outcome in [
        (VOTE, 0.2, "succeeded"), (VOTE, 0.9, "refused"), ("DELETE /posts/{post_id}/vote", 0.9, "error"),
        (SEARCH, 2.0, "succeeded"), (DROPPED, 1.0, DROPPED),
    ]:  # fmt: skip
        tally.add(operation, offset_s, 1.0, outcome=outcome)
    tally.add(SEARCH, 2.0, 1001.0, outcome="succeeded")
    assert timeline_of(tally.block().seconds) == {
        "not sent": [NONE, [0, 0, 0, 1], NONE],
        "search": [NONE, NONE, [1, 1, 0, 0]],
        "votes": [[1, 0, 1, 1], NONE, NONE],
    }


@pytest.mark.parametrize(
    ("votes", "injected_s", "expected"),
    [
        ([OK, OK, OK, OK], [1.5], [0.0]),
        ([OK, BAD, BAD, OK], [1.5], [1.5]),
        ([BAD, OK, OK, OK], [1.5], [0.0]),
        ([OK, BAD, OK, BAD, BAD, OK], [1.5, 2.5], [0.5, 2.5]),
    ],
    ids=["no failure", "failures until the third second", "only before the fault", "two faults"],
)
def test_requests_are_served_again_after_the_last_failure(
    votes: list[list[int]], injected_s: list[float], expected: list[float]
) -> None:
    timeline = {"search": [OK] * len(votes), "votes": votes}
    assert served_again_s(timeline, injected_s) == expected
