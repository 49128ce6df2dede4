"""Concurrent requests. The in-process functions handle them one by one, since moto is not thread-safe."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from shared_domain.attempts import MAX_ATTEMPTS, WINDOW

from .client import Api, Person, unique

pytestmark = [pytest.mark.live_api, pytest.mark.real_server, pytest.mark.concurrent]

AT_ONCE = 5  # below a function's limit of 8: a slot is freed shortly after the answer, and the parity check runs tests side by side


def _at_once(calls: Iterable[Callable[[], httpx.Response]]) -> list[int]:
    """Make the calls concurrently and return their statuses."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [answer.status_code for answer in pool.map(lambda call: call(), list(calls))]


def test_concurrent_votes_add_up_exactly(api: Api, ada: Person) -> None:
    post_id = api.published(ada)["id"]
    voters = api.crowd(AT_ONCE)

    against = [partial(api.cast, voter, post_id, value=-1) for voter in voters]
    in_favour = [partial(api.cast, voter, post_id, value=1) for voter in voters]
    assert set(_at_once(against + in_favour + against)) == {200}
    assert set(_at_once(in_favour)) == {200}
    api.score_settles(post_id, AT_ONCE)
    assert set(_at_once([partial(api.retract, voter, post_id) for voter in voters[:3]])) == {204}
    api.score_settles(post_id, AT_ONCE - 3)


def test_concurrent_votes_of_one_voter_count_once(api: Api, ada: Person, bob: Person) -> None:
    post_id = api.published(ada)["id"]
    assert set(_at_once([partial(api.cast, bob, post_id, value=1)] * AT_ONCE)) == {200}
    api.score_settles(post_id, 1)


def test_one_of_concurrent_sign_ups_with_the_same_username_succeeds(api: Api) -> None:
    username = unique("u")
    forms = [{"username": username, "email": f"{username}{n}@example.org", "password": "long enough"} for n in range(5)]
    statuses = _at_once([partial(api.register, **form) for form in forms])
    assert sorted(statuses) == [201, 409, 409, 409, 409]


def test_one_of_concurrent_sign_ups_with_the_same_email_succeeds(api: Api) -> None:
    email = f"{unique('u')}@example.org"
    forms = [{"username": unique("u"), "email": email, "password": "long enough"} for _ in range(5)]
    statuses = _at_once([partial(api.register, **form) for form in forms])
    assert sorted(statuses) == [201, 409, 409, 409, 409]
    reads = [api.read_user(form["username"]).status_code for form in forms]
    assert sorted(reads) == [200, 404, 404, 404, 404]


def test_too_many_wrong_passwords_are_a_429_also_for_the_right_one_and_only_for_that_user(
    api: Api, ada: Person
) -> None:
    """Twice the limit of guesses is possible, because a window may end in the middle of this test."""
    guessed = api.join("guessed")

    def guess(password: str, claimed: int) -> httpx.Response:
        address = f"192.0.2.{claimed}"
        headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}", "X-Real-IP": address}
        return api.send("POST", "/tokens", json={"username": guessed.username, "password": password}, headers=headers)

    statuses = _at_once(partial(guess, "not the password", n) for n in range(2 * MAX_ATTEMPTS + 1))
    assert set(statuses) == {401, 429}
    assert MAX_ATTEMPTS <= statuses.count(401) <= 2 * MAX_ATTEMPTS
    refused = guess(guessed.password, 0)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW.total_seconds()
    assert api.read_me(guessed).status_code == 200
    assert api.sign_in(username=ada.username, password=ada.password).status_code == 201


def test_concurrent_revisions_of_different_fields_all_survive(api: Api, ada: Person) -> None:
    post_id = api.published(ada)["id"]
    for turn in range(3):
        title, body, tags = f"Title {turn}", f"Body {turn}", [f"tag-{turn}"]
        statuses = _at_once(
            [
                partial(api.revise_post, ada, post_id, title=title),
                partial(api.revise_post, ada, post_id, body=body),
                partial(api.revise_post, ada, post_id, tags=tags),
            ]
        )
        assert statuses == [200, 200, 200]
        post = api.post(post_id)
        assert (post["title"], post["body"], post["tags"]) == (title, body, tags)


def test_concurrent_revisions_of_a_user_all_survive(api: Api, ada: Person) -> None:
    for turn in range(3):
        name, bio = f"Name {turn}", f"Bio {turn}"
        statuses = _at_once(
            [
                partial(api.revise_me, ada, display_name=name),
                partial(api.revise_me, ada, bio=bio),
            ]
        )
        assert statuses == [200, 200]
        me = api.read_me(ada).json()
        assert (me["display_name"], me["bio"]) == (name, bio)


def test_one_of_concurrent_revisions_with_the_same_if_match_succeeds(api: Api, ada: Person) -> None:
    post_id = api.published(ada)["id"]
    etag = api.read_post(post_id).headers["ETag"]
    statuses = _at_once([partial(api.revise_post, ada, post_id, if_match=etag, title=f"Title {n}") for n in range(5)])
    assert sorted(statuses) == [200, 412, 412, 412, 412]


def test_one_of_concurrent_withdrawals_succeeds(api: Api, ada: Person) -> None:
    tag = unique("t-")
    post_id = api.published(ada, tags=[tag])["id"]
    assert sorted(_at_once([partial(api.withdraw, ada, post_id)] * 4)) == [204, 404, 404, 404]
    assert api.list_posts(tag=tag).json()["items"] == []


def test_concurrent_posts_are_all_listed(api: Api, ada: Person, bob: Person) -> None:
    tag = unique("t-")
    calls = [partial(api.publish, by, title="x", body="x", tags=[tag]) for by in (ada, bob) * AT_ONCE]
    assert set(_at_once(calls)) == {201}
    walked = [post["id"] for page in api.walk("/posts", tag=tag, limit=5) for post in page]
    assert len(walked) == len(set(walked)) == 2 * AT_ONCE
    assert walked == sorted(walked, reverse=True)
