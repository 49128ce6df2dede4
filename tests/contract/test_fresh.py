"""A new system without data answers all requests that need no user.

The functions start without data in each module. The monolith has run other tests before.
"""

import pytest

from .client import Api


@pytest.mark.parametrize(
    "path", ["/posts", "/posts?author=nobody", "/search?q=needle", "/leaderboard", "/leaderboard.html", "/health"]
)
def test_a_new_system_answers(inside: Api, path: str) -> None:
    assert inside.send("GET", path).status_code == 200
