"""The closed loop, the alternation and the verdict of a row."""

import pytest

from tests.bench import bulk
from tests.bench.closed import Request, UnexpectedAnswer, closed_loop
from tests.bench.operations import all_of, written_calls
from tests.bench.rows import Row, alternate, share
from tests.loadtests.planted import serving


def row(value: float, *, at_least: bool) -> Row:
    return Row(what="a", against="b", shown="c", value=value, reach=1.0, at_least=at_least)


def test_a_row_is_reached_on_the_right_side_of_its_target() -> None:
    assert row(1.0, at_least=True).reached
    assert row(1.0, at_least=False).reached
    assert not row(0.9, at_least=True).reached
    assert not row(1.1, at_least=False).reached


def test_a_share_shows_both_rates() -> None:
    shown = share("one post", 80, 100, against="bare", reach=0.75)
    assert shown.reached
    assert shown.shown == "0.80 (80 / 100 requests/s)"
    assert shown.goal == "≥ 0.75"


def test_own_and_floor_alternate() -> None:
    order: list[str] = []

    def runs(name: str, values: list[float]) -> float:
        order.append(name)
        return values.pop()

    owns, floors = [1.0, 9.0, 2.0], [4.0, 5.0, 6.0]
    assert alternate(lambda: runs("A", owns), lambda: runs("B", floors), 3) == (2.0, 5.0)
    assert order == ["A", "B", "B", "A", "A", "B"]


def test_the_closed_loop_counts_whole_answers() -> None:
    with serving(lambda number: (200, {"number": number})) as server:
        loop = closed_loop(Request(base_url=server.url, path="/"), connections=3, seconds=0.3)
        sent = next(server.numbers) - 1
    assert 0 < len(loop.latencies_ms) <= sent <= len(loop.latencies_ms) + 3


def test_an_unexpected_answer_ends_the_loop() -> None:
    with (
        serving(lambda number: (200 if number < 5 else 503, {})) as server,
        pytest.raises(UnexpectedAnswer, match="503"),
    ):
        closed_loop(Request(base_url=server.url, path="/"), connections=1, seconds=5)


def test_bulk_posts_do_not_depend_on_the_steps() -> None:
    at_once = list(bulk.posts(0, 20, words=6))
    in_steps = [*bulk.posts(0, 7, words=6), *bulk.posts(7, 20, words=6)]
    assert [(post.title, post.body) for post in at_once] == [(post.title, post.body) for post in in_steps]
    assert [post.id[:10] for post in at_once] == sorted(post.id[:10] for post in at_once)
    assert [set(bulk.RARE) <= set(post.body.split()) for post in at_once] == [True] * 10 + [False] * 10


def test_every_operation_of_the_bench_has_documented_store_calls() -> None:
    written = written_calls()
    assert all(one.name in written for one in all_of("post", "order", username="user", password="password", run="x"))
