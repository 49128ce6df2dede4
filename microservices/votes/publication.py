"""The board becomes a JSON object and a static page in S3, so that reading them asks no table.

The monolith has no such file: there, the leaderboard is a query.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import LeaderboardObject
from shared_domain.contract.votes import first_entries, leaderboard_json
from shared_domain.errors import Conflict
from shared_domain.leaderboard_page import render
from shared_domain.votes import MAX_LEADERBOARD_LENGTH, PAGE_LENGTH

_ROUNDS = 10


def publish(board: DynamoLeaderboard, site: LeaderboardObject, now: Callable[[], datetime]) -> None:
    """Write the first of the board to S3 as the table holds it, or newer.

    Two functions publish, and the slower could write last what it read first. So what lies there is looked at before the
    table is read, and replaced only while it still lies there: who is overtaken reads again. Of those who write at once one
    always comes through, however fast the board changes. Raise Conflict where it was never this one: the batch comes again.
    """
    for _ in range(_ROUNDS):
        lies = site.tags()  # network
        shown = leaderboard_json(board.leaderboard(MAX_LEADERBOARD_LENGTH), as_of=now())  # network
        with suppress(Conflict):
            return site.write(shown, render(first_entries(shown, PAGE_LENGTH)), over=lies)  # network
    raise Conflict("others publish the board all the time")
