"""What each operation of the tour must cost, counted by hand from the code and the templates.

A transaction costs two units for each item, a strongly consistent read one unit, an eventually consistent one half. All items are
smaller than a unit. Each run counts once, the authorizer included. A message of a queue is three requests: send, receive, delete.
"""

from loadtests.explain.tour import VOTE_ON_NEW_POST
from loadtests.metering.chapter import PUSH

SERVICES_UNITS = {
    "http": "http_api.requests", "runs": "lambda.requests", "write": "dynamodb.write_units", "read": "dynamodb.read_units",
    "polls": "dynamodb.stream_polls", "sns": "sns.publishes", "delivered": "sns.deliveries", "sqs": "sqs.requests",
    "put": "s3.puts", "get": "s3.gets", "kinesis": "kinesis.put_units", "socket": "websocket.messages",
}  # fmt: skip
POST_ITEMS = 5  # the post and its listings: all, the author's, and those of two tags
TERMS = 17  # of the metered post: 4 words of the title, and 13 others of the body

# A new score or title publishes the leaderboard: JSON and page, each a HeadObject and a PutObject, after one Query.
PUBLISHED = {"read": 1, "get": 2, "put": 2}
# A change of a post that changes no term: the relay reads the record and publishes nothing; search reads the index entry and
# writes it with the snapshot in one transaction.
UNSEARCHED_CHANGE = {"runs": 2, "polls": 2, "read": 1, "write": 4}
# A changed score: the projection reads the score and the counted vote, and writes score, counted vote, old and new entry.
SCORE = {"runs": 1, "polls": 1, "read": 2, "write": 8, "sns": 1, "delivered": 2, "sqs": 3}
# The score in the post, by one update from a queue, and to one listener: subscribers, the newest score before and after.
SCORE_SHOWN = {"runs": 2, "write": 2, "read": 2, "socket": 1}
# Votes apply an event of a post: they read the score, and write it with the entry in one transaction.
POST_EVENT = {"runs": 1, "read": 1, "write": 4, "sqs": 3, "delivered": 1}
TOKEN = {"http": 1, "runs": 2}  # authorizer and function
PUBLIC = {"http": 1, "runs": 1}
FILE = {"http": 1, "get": 1}  # the gateway reads S3 itself


def total(*parts: dict[str, float]) -> dict[str, float]:
    """Return the sum of some parts of a count."""
    return {name: sum(part.get(name, 0) for part in parts) for name in {each for part in parts for each in part}}


SERVICES: dict[str, dict[str, float]] = {
    "GET /health": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "POST /users": total(PUBLIC, {"write": 4}),  # the user and the reservation of the email
    "POST /tokens": total(PUBLIC, {"read": 1, "write": 2}),  # the counter of attempts is written before, and deleted after
    "GET /users/me": total(TOKEN, {"read": 1}),
    "PATCH /users/me": total(TOKEN, {"read": 1, "write": 1}),
    "GET /users/{username}": total(PUBLIC, {"read": 1}),
    "POST /posts": total(
        TOKEN, {"write": 2 * POST_ITEMS},
        {"runs": 1, "polls": 1, "sns": 1},  # the relay publishes post.published
        POST_EVENT, PUBLISHED,
        {"runs": 1, "read": 1, "socket": 1, "delivered": 1},  # live: the subscribers of all posts, one message
        # search: reads the entry, lists the pending terms, writes a posting for each, then entry and snapshot
        {"runs": 1, "polls": 1, "read": 1, "write": 1 + TERMS + 4},
    ),
    # 21 listings in one unit, then 21 posts: one more than the page, to know if there is a next one
    "GET /posts": total(PUBLIC, {"read": 1 + 21}),
    "PATCH /posts/{post_id}": total(
        TOKEN, {"read": 1, "write": 2},  # the same tags, so the listings stay
        {"runs": 1, "polls": 1, "sns": 1},  # post.revised
        POST_EVENT, PUBLISHED,
        {"runs": 1, "polls": 1, "read": 1, "write": 1 + 1 + 4},  # one new term: "again"
    ),
    "PUT /posts/{post_id}/vote": total(
        TOKEN, {"read": 1, "write": 1}, SCORE, PUBLISHED, SCORE_SHOWN, UNSEARCHED_CHANGE
    ),
    "DELETE /posts/{post_id}/vote": total(
        TOKEN, {"read": 1, "write": 1}, SCORE, PUBLISHED, SCORE_SHOWN, UNSEARCHED_CHANGE
    ),
    "DELETE /posts/{post_id}": total(
        TOKEN, {"read": 1, "write": 2 * POST_ITEMS},
        {"runs": 1, "read": 1, "write": 4},  # a direct call of votes withdraws score and entry before the answer
        {"runs": 1, "polls": 1, "sns": 1},  # post.withdrawn
        {"runs": 1, "read": 1, "sqs": 3, "delivered": 1}, PUBLISHED,  # votes read the score, which is withdrawn already
        {"runs": 1, "polls": 1, "read": 1, "write": 1 + TERMS + 1 + 4},  # each posting is deleted, that of "again" too
    ),
    "GET /leaderboard": total(PUBLIC, {"get": 1}),
    "GET /leaderboard.html": FILE,
    "GET /site/{name}": FILE,
    "GET /search": total(PUBLIC, {"read": 2 * 0.5 + 2}),  # two terms, and the two seeded posts that have both
    "POST /orders": total(
        TOKEN, {"write": 4},  # the order and its idempotency key
        # the relay publishes each stage: placed, paid, fulfilled; credits and boosts each answer. Subscribed are: credits to
        # placed, boosts to paid, the saga to both answers
        {"runs": 3, "polls": 3, "sns": 3 + 2, "delivered": 4, "sqs": 4 * 3},
        {"runs": 1, "write": 4},  # credits: the user and the record of the debit
        {"runs": 2, "read": 2, "write": 2},  # saga: two stages
        {"runs": 1, "read": 1, "write": 4},  # boosts: the post and the record of the boost
        UNSEARCHED_CHANGE,
    ),
    "GET /orders": total(TOKEN, {"read": 1}),
    "GET /orders/{order_id}": total(TOKEN, {"read": 1}),
    # the original; the thumbnail's function reads it, looks for an older thumbnail, writes the new one. A DELETE is free
    "PUT /users/me/avatar": total(TOKEN, {"put": 1}, {"runs": 1, "get": 2, "put": 1}),
    "GET /users/{username}/avatar": total(PUBLIC, {"get": 1}),
    "POST /feedback": total(PUBLIC, {"write": 1}),
    "GET /feedback": total(TOKEN, {"read": 1}),
    "GET /trending": total(PUBLIC, {"read": 0.5}),
    "live connect": {"runs": 1, "write": 1},
    "live subscribe": {"runs": 1, "write": 4, "socket": 2},  # connection and subscription; the message and its reply
    "live disconnect": {"runs": 1, "write": 2},
    # the manifest, the branch twice, the differences, a changed file; the manifest is written before and after the file
    PUSH: {"runs": 1, "get": 1, "put": 3},
}  # fmt: skip
# Until the answer: votes has no copy of the post yet, so it calls posts through the gateway. The event arrives some time later.
VOTE_ON_A_NEW_POST = total(TOKEN, {"read": 1, "write": 1}, PUBLIC, {"read": 1})
# Views are collected for half a second, so a share of a flush and of a projection belongs to each read.
READ_POST = total(PUBLIC, {"read": 1, "kinesis": 1})
PER_FLUSH = {"runs": 1, "read": 1, "write": 1}  # the projection reads and writes the window of a minute

# Round trips to the database: BEGIN, the statements of docs/store-calls.md, COMMIT.
MONOLITH = {
    "GET /health": 0, "GET /openapi.json": 0, "GET /site/{name}": 0,
    "POST /users": 3, "POST /tokens": 4 + 3, "GET /users/me": 3, "PATCH /users/me": 4, "GET /users/{username}": 3,
    "POST /posts": 5, "GET /posts": 3, "PATCH /posts/{post_id}": 5, "DELETE /posts/{post_id}": 4,
    "PUT /posts/{post_id}/vote": 7, VOTE_ON_NEW_POST: 7, "DELETE /posts/{post_id}/vote": 6,
    "GET /leaderboard": 3, "GET /leaderboard.html": 3, "GET /search": 3, "GET /trending": 3,
    "POST /orders": 7, "GET /orders": 3, "GET /orders/{order_id}": 3,
    # the job: claim it, store the thumbnail and delete it, look for another; each in a transaction of its own
    "PUT /users/me/avatar": 3 + (2 + 2) + (2 + 3) + (2 + 1),
    "GET /users/{username}/avatar": 3, "POST /feedback": 3, "GET /feedback": 3,
}  # fmt: skip
SECOND_CLAIM = (2 + 2) + (2 + 1) + (2 + 1)  # of a thumbnail's job by the other worker: claim, get, next look
MONOLITH_READ_POST, MONOLITH_PER_FLUSH = 3, 4  # a flush inserts the views and deletes old ones
