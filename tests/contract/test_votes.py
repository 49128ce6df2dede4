"""Votes: one per user and post, the last one counts, and the score follows."""

from typing import Any

import pytest

from .client import Api, Json, Person, broken_fields

pytestmark = pytest.mark.live_api


@pytest.fixture
def post(api: Api, ada: Person) -> Json:
    """A new post of Ada's."""
    return api.published(ada)


@pytest.mark.real_server
@pytest.mark.parametrize("value", [1, -1])
def test_a_vote_is_a_200_that_shows_it_and_the_score_follows(api: Api, bob: Person, post: Json, value: int) -> None:
    answer = api.cast(bob, post["id"], value=value)
    assert (answer.status_code, answer.json()) == (200, {"post_id": post["id"], "value": value})
    api.score_settles(post["id"], value)


@pytest.mark.parametrize("value", [0, 2, -2, 1.5, True, False, "1", None, [], {}, 10**30], ids=repr)
def test_a_vote_of_another_value_is_a_422(api: Api, bob: Person, post: Json, value: Any) -> None:
    assert broken_fields(api.cast(bob, post["id"], value=value)) == {"value"}
    assert api.post(post["id"])["score"] == 0


def test_a_repeated_vote_changes_nothing(api: Api, bob: Person, post: Json) -> None:
    for _ in range(3):
        assert api.cast(bob, post["id"], value=1).json()["value"] == 1
    api.score_settles(post["id"], 1)
    assert api.cast(bob, post["id"], value=1).status_code == 200
    assert api.post(post["id"])["score"] == 1


def test_the_last_vote_counts(api: Api, bob: Person, post: Json) -> None:
    for value in (1, -1, 1, -1):
        api.cast(bob, post["id"], value=value)
    api.score_settles(post["id"], -1)
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)


@pytest.mark.deployed
def test_votes_of_several_users_add_up(api: Api, ada: Person, bob: Person, post: Json) -> None:
    voters = api.crowd(3)
    for voter in voters:
        api.cast(voter, post["id"], value=1)
    api.cast(bob, post["id"], value=-1)
    api.score_settles(post["id"], 2)
    api.retract(voters[0], post["id"])
    api.score_settles(post["id"], 1)


def test_authors_may_vote_for_their_own_posts(api: Api, ada: Person, post: Json) -> None:
    assert api.cast(ada, post["id"], value=1).status_code == 200
    api.score_settles(post["id"], 1)


@pytest.mark.real_server
def test_a_retracted_vote_does_not_count(api: Api, bob: Person, post: Json) -> None:
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)
    assert api.retract(bob, post["id"]).status_code == 204
    api.score_settles(post["id"], 0)
    assert api.retract(bob, post["id"]).status_code == 204
    api.cast(bob, post["id"], value=-1)
    api.score_settles(post["id"], -1)


def test_retracting_a_missing_vote_is_a_204(api: Api, bob: Person, post: Json) -> None:
    assert api.retract(bob, post["id"]).status_code == 204
    assert api.post(post["id"])["score"] == 0


@pytest.mark.deployed
def test_a_new_post_accepts_votes_at_once(api: Api, ada: Person, bob: Person) -> None:
    for _ in range(5):
        assert api.cast(bob, api.published(ada)["id"], value=1).status_code == 200
        assert api.retract(bob, api.published(ada)["id"]).status_code == 204


@pytest.mark.deployed
def test_a_withdrawn_post_refuses_votes_at_once(api: Api, ada: Person, bob: Person) -> None:
    for _ in range(3):
        post = api.published(ada)
        assert api.cast(bob, post["id"], value=1).status_code == 200
        assert api.withdraw(ada, post["id"]).status_code == 204
        assert api.cast(bob, post["id"], value=-1).status_code == 404
        assert api.cast(ada, post["id"], value=1).status_code == 404
        assert api.retract(bob, post["id"]).status_code == 404


def test_an_unknown_post_refuses_votes(api: Api, bob: Person, post: Json) -> None:
    stranger = post["id"][:-4] + ("0000" if post["id"][-4:] != "0000" else "1111")
    assert api.cast(bob, stranger, value=1).status_code == 404
    assert api.retract(bob, stranger).status_code == 404


def test_a_revision_does_not_change_the_votes(api: Api, ada: Person, bob: Person, post: Json) -> None:
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)
    assert api.revise_post(ada, post["id"], title="Another").json()["score"] == 1
    api.cast(ada, post["id"], value=1)
    api.score_settles(post["id"], 2)


@pytest.mark.deployed
def test_lists_show_the_score_that_the_post_shows(api: Api, bob: Person, post: Json) -> None:
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)
    listed = {item["id"]: item for item in api.list_posts(author=post["author"], limit=100).json()["items"]}
    assert listed[post["id"]] == api.post(post["id"])
