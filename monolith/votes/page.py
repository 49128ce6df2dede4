"""The leaderboard as a page for people, rendered when it is asked for. Twin: microservices/votes/page.py."""

from typing import Any

from jinja2 import Environment, PackageLoader

_TEMPLATE = Environment(loader=PackageLoader("shared_domain", "."), autoescape=True).get_template("leaderboard.html")


def render(board: dict[str, Any]) -> str:
    """Return the page of a board, every text escaped."""
    return _TEMPLATE.render(board)
