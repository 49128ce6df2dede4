"""Publish the leaderboard to S3 as JSON and as a static page, so that reading it costs no query.

The monolith has no such file: the leaderboard is a query there.
"""

from collections.abc import Callable
from datetime import datetime

from microservices.conflicts import retry_on_conflict
from microservices.votes.leaderboard import DynamoLeaderboard
from microservices.votes.leaderboard_object import LeaderboardObject
from shared_domain.contract.votes import first_entries, leaderboard_json
from shared_domain.leaderboard_page import render
from shared_domain.votes import MAX_LEADERBOARD_LENGTH, PAGE_LENGTH


@retry_on_conflict
def publish_leaderboard(leaderboard: DynamoLeaderboard, site: LeaderboardObject, now: Callable[[], datetime]) -> None:
    """Write the top of the leaderboard to S3, never replacing a newer one by an older one.

    Two functions publish. Without a check, the slower one could replace a newer leaderboard. So read the objects' entity tags
    before the table, and write on the condition that they are unchanged. If the condition fails, another writer has succeeded:
    start again. Raise Conflict if every attempt fails, so that AWS delivers the batch again.
    """
    etags = site.get_etags()  # network
    top = leaderboard_json(leaderboard.list_entries(MAX_LEADERBOARD_LENGTH), as_of=now())  # network
    site.write(top, render(first_entries(top, PAGE_LENGTH)), if_match=etags)  # network
