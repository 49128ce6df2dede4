"""The leaderboard as a page for people, the same on both sides: a static page that works with no script, every text escaped.

The template is part of the code and loaded with it, which is all that is ever read from a disk here.
"""

from typing import Any

from jinja2 import Environment, PackageLoader

_TEMPLATE = Environment(loader=PackageLoader("shared_domain", "."), autoescape=True).get_template("leaderboard.html")


def render(board: dict[str, Any]) -> str:
    """Return the page of a board as `contract.votes.leaderboard_json` gives it."""
    return _TEMPLATE.render(board)
