"""Render the leaderboard as an HTML page, the same on both sides. It works without scripts, and every text is escaped.

The template is loaded when this module is imported. No other file is read in shared_domain.
"""

from typing import Any

from jinja2 import Environment, PackageLoader

_TEMPLATE = Environment(loader=PackageLoader("shared_domain", "."), autoescape=True).get_template("leaderboard.html")


def render(leaderboard: dict[str, Any]) -> str:
    """Return the page of a leaderboard in the form of `contract.votes.leaderboard_json`."""
    return _TEMPLATE.render(leaderboard)
