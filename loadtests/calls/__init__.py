"""The operations of the HTTP contract as typed calls with checked answers. call.py defines a call."""

from loadtests.calls.call import WRONG, Answer, Call, Outcome, WrongOutcome, judge, require, unchecked
from loadtests.calls.orders import own_orders, place_order, read_order
from loadtests.calls.posts import (
    cast,
    leaderboard,
    leaderboard_page,
    list_posts,
    publish,
    read_post,
    revise,
    search,
    trending,
)
from loadtests.calls.users import leave_feedback, read_avatar, read_me, read_user, sign_in, sign_up, upload_avatar

__all__ = [
    "WRONG", "Answer", "Call", "Outcome", "WrongOutcome", "cast", "judge", "leaderboard", "leaderboard_page",
    "leave_feedback", "list_posts", "own_orders", "place_order", "publish", "read_avatar", "read_me", "read_order", "read_post",
    "read_user", "require", "revise", "search", "sign_in", "sign_up", "trending", "unchecked", "upload_avatar",
]  # fmt: skip
