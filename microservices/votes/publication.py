"""The board becomes a JSON object and a static page in S3, so that reading them asks no table.

The monolith has no such file: there, the leaderboard is a query.
"""

from collections.abc import Callable
from datetime import datetime

from microservices.votes.board import DynamoBoard
from microservices.votes.board_object import BoardObject
from shared_domain.contract.votes import board_json, first_of
from shared_domain.errors import Conflict
from shared_domain.leaderboard_page import render
from shared_domain.votes import LONGEST_BOARD, PAGE_LENGTH

_ROUNDS = 10


def publish(board: DynamoBoard, site: BoardObject, now: Callable[[], datetime]) -> None:
    """Write the first of the board to S3 until what was written is what the table holds.

    Two functions publish, and the slower could write last what it read first; so each looks again after its writing, and
    whoever finds a newer board writes again. Raise Conflict where that does not settle: the batch comes again.
    """
    standings = board.leaderboard(LONGEST_BOARD)  # network
    for _ in range(_ROUNDS):
        shown = board_json(standings, as_of=now())
        site.write(shown, render(first_of(shown, PAGE_LENGTH)))  # network
        written, standings = standings, board.leaderboard(LONGEST_BOARD)  # network
        if standings == written:
            return
    raise Conflict("the board changes faster than it can be published")
