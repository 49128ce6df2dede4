"""Trending: posts by the views of the last hour. Others may read posts too, so the tests assert only about their own posts."""

import pytest

from .client import Api, Json, Person, broken_fields

pytestmark = pytest.mark.live_api

EVENTUALLY_S = 5.0  # on both sides, since the monolith stores views later too
MOST = 100


def _ranking(api: Api, *, limit: int = MOST) -> list[Json]:
    answer = api.trending(limit=limit)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def _views(api: Api, post: Json) -> int:
    return next((item["views"] for item in _ranking(api) if item["post_id"] == post["id"]), 0)


def _views_needed(api: Api) -> int:
    """Return the number of views that brings a new post into the first half of the ranking."""
    ranking = _ranking(api, limit=MOST // 2)
    return ranking[-1]["views"] + 1 if len(ranking) == MOST // 2 else 2


def _view(api: Api, post: Json, *, times: int) -> None:
    for _ in range(times):
        assert api.read_post(post["id"]).status_code == 200


def _settles(api: Api, post: Json, *, views: int) -> None:
    def shown() -> None:
        assert _views(api, post) == views

    api.eventually(shown, least=EVENTUALLY_S)


@pytest.mark.real_server
def test_each_read_of_a_post_is_a_view(api: Api, ada: Person) -> None:
    post = api.published(ada)
    views = _views_needed(api)
    _view(api, post, times=views)
    _settles(api, post, views=views)
    _view(api, post, times=1)
    _settles(api, post, views=views + 1)


@pytest.mark.real_server
def test_the_order_is_by_views_then_by_age_with_consecutive_ranks(api: Api, ada: Person) -> None:
    views = _views_needed(api)
    older, newer, most = (api.published(ada, title=title) for title in ("older", "newer", "most"))
    for post, times in [(newer, views), (older, views), (most, views + 1)]:
        _view(api, post, times=times)
    for post, times in [(newer, views), (older, views), (most, views + 1)]:
        _settles(api, post, views=times)
    ranking = _ranking(api)
    places = [item["post_id"] for item in ranking]
    assert places.index(most["id"]) < places.index(older["id"]) < places.index(newer["id"])
    assert [item["rank"] for item in ranking] == list(range(1, len(ranking) + 1))
    assert ranking == sorted(ranking, key=lambda item: (-item["views"], item["post_id"]))


@pytest.mark.real_server
def test_a_prefetch_a_vote_and_a_list_are_not_views(api: Api, ada: Person, bob: Person) -> None:
    post = api.published(ada)
    views = _views_needed(api)
    for purpose in ("prefetch", "prefetch;prerender"):
        assert api.send("GET", f"/posts/{post['id']}", headers={"Sec-Purpose": purpose}).status_code == 200
    assert api.cast(bob, post["id"], value=1).status_code == 200  # the votes service may read the post
    api.list_posts(limit=1)
    _view(api, post, times=views)
    _settles(api, post, views=views)


def test_an_unknown_purpose_is_a_view(api: Api, ada: Person) -> None:
    post = api.published(ada)
    views = _views_needed(api)
    for _ in range(views):
        api.send("GET", f"/posts/{post['id']}", headers={"Sec-Purpose": "prefetching"})
    _settles(api, post, views=views)


def test_a_404_is_not_a_view(api: Api, ada: Person) -> None:
    post = api.published(ada)
    api.withdraw(ada, post["id"])
    for _ in range(_views_needed(api)):
        assert api.read_post(post["id"]).status_code == 404
    read = api.published(ada)
    views = _views_needed(api)
    _view(api, read, times=views)
    _settles(api, read, views=views)
    assert _views(api, post) == 0


def test_a_ranking_has_at_most_limit_entries(api: Api, ada: Person) -> None:
    posts = [api.published(ada) for _ in range(2)]
    views = _views_needed(api)
    for post in posts:
        _view(api, post, times=views)
        _settles(api, post, views=views)
    assert len(_ranking(api, limit=1)) == 1
    assert len(api.trending().json()["items"]) <= 20


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "", "1.0", "１"])
def test_a_bad_limit_is_a_422(api: Api, limit: str) -> None:
    assert broken_fields(api.trending(limit=limit)) == {"limit"}


def test_the_ranking_has_a_time_as_of(api: Api) -> None:
    first, second = (api.trending().json()["as_of"] for _ in range(2))
    assert first <= second
