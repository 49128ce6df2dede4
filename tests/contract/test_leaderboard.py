"""The leaderboard: posts by score, the older first. It may show other posts, so the tests compare relative places."""

import html
import re
from collections.abc import Callable
from typing import TypeVar

import pytest

from .client import Api, Json, Person, unique

pytestmark = pytest.mark.live_api

MOST = 100
ON_THE_PAGE = 20
MOST_VOTERS = 40
MOST_LOOKS = 50
Seen = TypeVar("Seen")


def _entries(api: Api, *, limit: int = MOST) -> list[Json]:
    items: list[Json] = api.leaderboard(limit=limit).json()["items"]
    return items


def _entry(api: Api, post_id: str) -> Json | None:
    return next((item for item in _entries(api) if item["post_id"] == post_id), None)


def _votes_needed(api: Api, places: int) -> int:
    """Return the number of votes that lifts a new post into the first `places`.

    Pass fewer places than the test reads, since others may vote at the same time.
    """
    entries = _entries(api, limit=places)
    needed = max(entries[-1]["score"] + 1, 1) if len(entries) == places else 1
    assert needed <= MOST_VOTERS, f"the leaderboard's scores are too high for this test: {needed} votes"
    return needed


def _lift(api: Api, post: Json, *, votes: int) -> None:
    for voter in api.crowd(votes):
        assert api.cast(voter, post["id"], value=1).status_code == 200


def _while_unchanged(api: Api, look: Callable[[], Seen]) -> tuple[list[Json], Seen]:
    """Return the leaderboard and the result of `look`, read while the leaderboard does not change."""
    for _ in range(MOST_LOOKS):
        before = _entries(api)
        seen = look()
        if _entries(api) == before:
            return before, seen
    raise AssertionError("the leaderboard never stops changing")


def _settles(api: Api, post: Json, *, score: int) -> None:
    def shown() -> None:
        entry = _entry(api, post["id"])
        assert entry is not None
        assert entry["score"] == score

    api.eventually(shown)


@pytest.mark.deployed
def test_a_voted_post_is_on_the_leaderboard(api: Api, ada: Person) -> None:
    post = api.published(ada, title="Ünïcode <b>title</b>")
    votes = _votes_needed(api, MOST // 2)
    _lift(api, post, votes=votes)
    _settles(api, post, score=votes)
    entry = _entry(api, post["id"])
    assert entry is not None
    assert {**entry, "rank": 0} == {
        "rank": 0, "post_id": post["id"], "title": post["title"], "author": ada.username, "score": votes,
    }  # fmt: skip
    api.withdraw(ada, post["id"])


def test_a_new_post_is_on_the_leaderboard_without_a_vote_if_there_is_space(api: Api, ada: Person) -> None:
    post = api.published(ada)

    def shown() -> None:
        entries = _entries(api)
        full = len(entries) == MOST and entries[-1]["score"] >= 0
        assert full or post["id"] in [item["post_id"] for item in entries]

    api.eventually(shown)


def test_the_order_is_by_score_then_by_age_with_consecutive_ranks(api: Api, ada: Person) -> None:
    votes = _votes_needed(api, MOST // 2)
    posts = [api.published(ada, title=f"Equal {n}") for n in range(3)]
    for post in posts:
        _lift(api, post, votes=votes)
    _lift(api, posts[2], votes=votes + 1)
    for post, score in zip(posts, (votes, votes, votes + 1), strict=True):
        _settles(api, post, score=score)
    entries = _entries(api)
    places = [item["post_id"] for item in entries]
    assert places.index(posts[2]["id"]) < places.index(posts[0]["id"]) < places.index(posts[1]["id"])
    assert [item["rank"] for item in entries] == list(range(1, len(entries) + 1))
    assert entries == sorted(entries, key=lambda item: (-item["score"], item["post_id"]))
    for post in posts:
        api.withdraw(ada, post["id"])


def test_a_shorter_leaderboard_is_the_beginning_of_a_longer_one(api: Api, ada: Person) -> None:
    api.published(ada)

    def consistent() -> None:
        whole, shorter = _while_unchanged(api, lambda: [_entries(api, limit=limit) for limit in (1, 7, 20)])
        assert shorter == [whole[:1], whole[:7], whole[:20]]

    api.eventually(consistent)
    assert len(api.leaderboard().json()["items"]) <= 20


def test_the_leaderboard_has_a_time_as_of(api: Api, ada: Person) -> None:
    post = api.published(ada)
    votes = _votes_needed(api, MOST // 2)
    _lift(api, post, votes=votes)
    _settles(api, post, score=votes)
    assert api.leaderboard().json()["as_of"] >= post["created_at"]
    api.withdraw(ada, post["id"])


@pytest.mark.deployed
def test_a_withdrawn_post_leaves_the_leaderboard(api: Api, ada: Person) -> None:
    post = api.published(ada)
    votes = _votes_needed(api, MOST // 2)
    _lift(api, post, votes=votes)
    _settles(api, post, score=votes)
    api.withdraw(ada, post["id"])

    def gone() -> None:
        assert _entry(api, post["id"]) is None

    api.eventually(gone)


@pytest.mark.deployed
def test_a_revised_title_reaches_the_leaderboard(api: Api, ada: Person) -> None:
    post = api.published(ada)
    votes = _votes_needed(api, MOST // 2)
    _lift(api, post, votes=votes)
    _settles(api, post, score=votes)
    api.revise_post(ada, post["id"], title="Another title")

    def renamed() -> None:
        entry = _entry(api, post["id"])
        assert entry is not None
        assert (entry["title"], entry["score"]) == ("Another title", votes)

    api.eventually(renamed)
    api.withdraw(ada, post["id"])


def test_the_page_shows_the_first_20_and_escapes_every_text(api: Api, ada: Person) -> None:
    mark = unique("page")
    title = f'<script>alert(1)</script> & "{mark}" \' <img src=x onerror=alert(1)>'
    post = api.published(ada, title=title)
    votes = _votes_needed(api, ON_THE_PAGE // 2)
    _lift(api, post, votes=votes)

    def shown() -> str:
        page = api.send("GET", "/leaderboard.html").text
        assert mark in page
        return page

    page = api.eventually(shown)
    assert "<img" not in page
    assert "alert(1)</script>" not in page
    assert title in html.unescape(page)
    assert ada.username in page
    api.withdraw(ada, post["id"])

    def gone() -> None:
        assert mark not in api.send("GET", "/leaderboard.html").text

    api.eventually(gone)


@pytest.mark.deployed
def test_the_page_agrees_with_the_leaderboard(api: Api, ada: Person) -> None:
    posts = [api.published(ada, title=unique("onpage")) for _ in range(2)]
    votes = _votes_needed(api, ON_THE_PAGE // 2)
    for post in posts:
        _lift(api, post, votes=votes)

    def agrees() -> None:
        entries, text = _while_unchanged(api, lambda: api.send("GET", "/leaderboard.html").text)
        page = html.unescape(text)
        titles = [item["title"] for item in entries[:ON_THE_PAGE]]
        assert posts[0]["title"] in titles
        places = [page.find(title) for title in titles if title.startswith("onpage")]
        assert -1 not in places
        assert places == sorted(places)

    api.eventually(agrees)
    for post in posts:
        api.withdraw(ada, post["id"])


def test_the_page_is_static_html_without_scripts(api: Api) -> None:
    answer = api.send("GET", "/leaderboard.html")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == "text/html"
    assert re.search(r"charset=[\"']?utf-8", answer.headers["Content-Type"] + answer.text, re.IGNORECASE)
    assert answer.text.lstrip().lower().startswith("<!doctype html>")
    assert "<script" not in answer.text.lower()
    assert not re.search(r"<[^>]+\son\w+\s*=", answer.text)
