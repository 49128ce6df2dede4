"""A system that nobody has used yet answers every question that needs no user.

The functions are new in each module; the monolith, which has no such moment, need not be.
"""

import pytest

from .client import Api


@pytest.mark.parametrize(
    "path", ["/posts", "/posts?author=nobody", "/search?q=needle", "/leaderboard", "/leaderboard.html", "/health"]
)
def test_a_new_system_answers(inside: Api, path: str) -> None:
    assert inside.send("GET", path).status_code == 200
