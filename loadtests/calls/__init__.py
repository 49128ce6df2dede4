"""The operations of the contract as calls, a module a room. What a call is: call.py."""

from loadtests.calls.avatars import read_avatar, upload_avatar
from loadtests.calls.call import Answer, Call, Send, WrongOutcome, require, unchecked
from loadtests.calls.feedback import leave_feedback
from loadtests.calls.orders import own_orders, place_order, read_order
from loadtests.calls.posts import list_posts, publish, read_post, revise
from loadtests.calls.search import search
from loadtests.calls.trending import trending
from loadtests.calls.users import read_me, read_user, sign_in, sign_up
from loadtests.calls.votes import cast, leaderboard, leaderboard_page

__all__ = [
    "Answer", "Call", "Send", "WrongOutcome", "cast", "leaderboard", "leaderboard_page", "leave_feedback", "list_posts",
    "own_orders", "place_order", "publish", "read_avatar", "read_me", "read_order", "read_post", "read_user", "require", "revise",
    "search", "sign_in", "sign_up", "trending", "unchecked", "upload_avatar",
]  # fmt: skip
