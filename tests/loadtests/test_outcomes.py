"""An answer with the expected status and a wrong body is an error."""

import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from loadtests import calls
from loadtests.calls import Answer, Call, Outcome, judge
from loadtests.data import orders

POST = {
    "id": "P1", "author": "ada", "title": "Hello", "body": "World", "tags": [], "score": 0, "boosted_until": None,
    "created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z",
}  # fmt: skip
OLDER = {**POST, "id": "P0", "created_at": "2026-01-01T03:04:05.678Z"}
FORM = {"title": "Hello", "body": "World", "tags": []}
LINES = [orders.line("P1")]
ORDER = {
    "id": "O1", "status": "pending", "reason": None, "lines": LINES, "total_credits": 10,
    "created_at": "2026-01-02T03:04:05.678Z",
}  # fmt: skip
FULFILLED = {**ORDER, "status": "fulfilled"}
REJECTED = {**ORDER, "status": "rejected", "reason": "insufficient_credits"}
PLACE = calls.place_order(LINES, orders.FULFILLED, key="k", token="token")
READ = calls.read_order("O1", orders.FULFILLED, token="token")
LAST_READ = calls.read_order("O1", orders.FULFILLED, token="token", settled_by_now=True)
VIEWED = [{"rank": 1, "post_id": "a", "views": 2}, {"rank": 2, "post_id": "b", "views": 1}]
ROWS = [{"rank": 1, "post_id": "a", "score": 2}, {"rank": 2, "post_id": "b", "score": 1}]

EXPECTED: list[tuple[Call, int, Any]] = [
    (calls.read_post("P1", "Hello"), 200, POST),
    (calls.list_posts(), 200, {"items": [POST, OLDER]}),
    (calls.publish(FORM, "token"), 201, POST),
    (calls.revise("P1", "Hello", "token"), 200, POST),
    (calls.cast("P1", -1, "token"), 200, {"post_id": "P1", "value": -1}),
    (calls.leaderboard(), 200, {"items": ROWS}),
    (calls.search("hello"), 200, {"items": [{"post": POST, "relevance": 3}, {"post": OLDER, "relevance": 1}]}),
    (calls.read_user("ada"), 200, {"username": "ada"}),
    (calls.read_me("ada", "token"), 200, {"username": "ada", "credits": 0}),
    (PLACE, 201, ORDER),
    (PLACE, 201, FULFILLED),
    (READ, 200, ORDER),
    (LAST_READ, 200, FULFILLED),
    (calls.read_order("O1", orders.INSUFFICIENT_CREDITS, token="token"), 200, REJECTED),
    (calls.own_orders("token", holding="O1"), 200, {"items": [ORDER]}),
    (calls.leave_feedback("Well done"), 201, {"id": "F1", "created_at": "2026-01-02T03:04:05.678Z"}),
    (calls.upload_avatar(b"", "token"), 202, {}),
    (calls.trending(), 200, {"items": VIEWED}),
]
WRONG: list[tuple[str, Call, int, Any]] = [
    ("another post", calls.read_post("P1"), 200, OLDER),
    ("another title", calls.read_post("P1", "Bye"), 200, POST),
    ("a post without a score", calls.read_post("P1"), 200, {**POST, "score": None} | {"id": None}),
    ("oldest first", calls.list_posts(), 200, {"items": [OLDER, POST]}),
    ("no posts", calls.list_posts(), 200, {"items": []}),
    ("more posts than the limit", calls.list_posts(1), 200, {"items": [POST, OLDER]}),
    ("items of another kind", calls.list_posts(), 200, {"items": [1]}),
    ("a post that was not sent", calls.publish({**FORM, "title": "Other"}, "token"), 201, POST),
    ("the other vote", calls.cast("P1", 1, "token"), 200, {"post_id": "P1", "value": -1}),
    ("a gap in the ranks", calls.leaderboard(), 200, {"items": [ROWS[0], {**ROWS[1], "rank": 3}]}),
    ("rising scores", calls.leaderboard(), 200, {"items": [ROWS[0], {**ROWS[1], "score": 9}]}),
    ("no results", calls.search("hello"), 200, {"items": []}),
    ("an email for everybody", calls.read_user("ada"), 200, {"username": "ada", "email": "ada@example.com"}),
    ("a list for an object", calls.read_post("P1"), 200, [POST]),
    ("negative credits", calls.read_me("ada", "token"), 200, {"username": "ada", "credits": -10}),
    ("an order that settles as rejected and should not", READ, 200, REJECTED),
    (
        "an order that settles for another reason",
        calls.read_order("O1", orders.NO_SUCH_POST, token="token"),
        200,
        REJECTED,
    ),
    (
        "a fulfilled order that should be refused",
        calls.read_order("O1", orders.INSUFFICIENT_CREDITS, token="token"),
        200,
        FULFILLED,
    ),
    ("an order that stays pending", LAST_READ, 200, ORDER),
    ("a reason while an order is pending", READ, 200, {**ORDER, "reason": "post_not_found"}),
    ("an order at another price", PLACE, 201, {**ORDER, "total_credits": 20}),
    ("an order of something else", PLACE, 201, {**ORDER, "lines": [orders.line("P2")]}),
    ("an order that is not in the list", calls.own_orders("token", holding="O2"), 200, {"items": [ORDER]}),
    (
        "feedback that the answer shows",
        calls.leave_feedback("Hm"),
        201,
        {"id": "F1", "created_at": "", "message": "Hm"},
    ),
    ("rising views", calls.trending(), 200, {"items": [{**VIEWED[0], "views": 0}, VIEWED[1]]}),
    ("nothing trending", calls.trending(), 200, {"items": []}),
    ("another success", calls.publish(FORM, "token"), 200, POST),
]


@pytest.mark.parametrize(("call", "status", "body"), EXPECTED, ids=[call.operation for call, _, _ in EXPECTED])
def test_an_expected_answer_is_a_success(call: Call, status: int, body: Any) -> None:
    assert judge(call, Answer(status, json.dumps(body).encode())) == (Outcome.SUCCESS, "")


@pytest.mark.parametrize(("call", "status", "body"), [rest for _, *rest in WRONG], ids=[name for name, *_ in WRONG])
def test_a_wrong_body_is_an_error(call: Call, status: int, body: Any) -> None:
    outcome, reason = judge(call, Answer(status, json.dumps(body).encode()))
    assert outcome is Outcome.ERROR
    assert reason


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe"])
def test_a_body_that_is_not_json_is_an_error(body: bytes) -> None:
    assert judge(calls.read_post("P1"), Answer(200, body))[0] is Outcome.ERROR


def test_a_page_with_a_script_is_an_error() -> None:
    assert judge(calls.leaderboard_page(), Answer(200, b"<html><script></script></html>"))[0] is Outcome.ERROR


def test_a_thumbnail_is_a_png_of_128_pixels() -> None:
    with_side = {side: BytesIO() for side in (128, 127)}
    for side, made in with_side.items():
        Image.new("RGB", (side, 128)).save(made, "PNG")
    judged = {
        side: judge(calls.read_avatar("ada"), Answer(200, made.getvalue()))[0] for side, made in with_side.items()
    }
    assert judged == {128: Outcome.SUCCESS, 127: Outcome.ERROR}
    assert judge(calls.read_avatar("ada"), Answer(200, b"<html>"))[0] is Outcome.ERROR


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, Outcome.REFUSED), (503, Outcome.REFUSED), (401, Outcome.REFUSED), (500, Outcome.ERROR), (502, Outcome.ERROR),
     (0, Outcome.ERROR)],
)  # fmt: skip
def test_refusals_and_errors_are_distinguished(status: int, outcome: Outcome) -> None:
    assert judge(calls.read_post("P1"), Answer(status, b"{}"))[0] is outcome


def test_a_post_that_others_may_have_withdrawn_need_not_be_there() -> None:
    gone = Answer(404, b"{}")
    assert judge(calls.read_post("P1", may_be_gone=True), gone) == (Outcome.SUCCESS, "")
    assert judge(calls.read_post("P1"), gone)[0] is Outcome.REFUSED
