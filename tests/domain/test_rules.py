"""Users, posts, votes and search: the rules alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared_domain import posts, search, users, votes
from shared_domain.errors import InvalidInput, NotAllowed, NotAuthenticated, NotFound, OutOfDate

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POST = posts.compose(id="01M7X1YXN3SBB3DZEFS5FNXBMV", author="ada", title="Title", body="Body", tags=["a"], now=NOW)


def registered(hash_password: Callable[[str], str] = lambda password: f"hash of {password}", **form: str) -> users.User:
    asked = {"username": "ada", "email": "ada@example.org", "password": "password1", **form}
    return users.register(id="1", hash_password=hash_password, now=NOW, **asked)  # type: ignore[arg-type]


def test_a_user_begins_with_100_credits_and_their_name_as_display_name() -> None:
    user = registered()
    assert (user.credits, user.display_name, user.bio) == (100, "ada", "")


@pytest.mark.parametrize("username", ["ab", "a" * 31, "Ada", "ada!", "ada\n", "ädä"])
def test_a_username_out_of_form_is_refused(username: str) -> None:
    with pytest.raises(InvalidInput):
        registered(username=username)


@pytest.mark.parametrize("email", ["a@", "@b.c", "a@b", "a b@c.de", "a@@b.cd", "x" * 250 + "@b.cd"])
def test_an_email_out_of_form_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput):
        registered(email=email)


def test_a_refused_sign_up_costs_no_hash() -> None:
    def dear(password: str) -> str:
        raise AssertionError("hashed for nothing")

    with pytest.raises(InvalidInput):
        registered(dear, display_name="")


def test_nobody_and_a_wrong_password_are_refused_alike() -> None:
    asked: list[str | None] = []

    def wrong(password: str, *, password_hash: str | None) -> bool:
        asked.append(password_hash)
        return False

    for user in (registered(), None):
        with pytest.raises(NotAuthenticated, match="username or password is wrong"):
            users.sign_in(user, password="x", verify_password=wrong)
    assert asked == ["hash of password1", None]


def test_a_text_that_nobody_can_have_as_a_name_addresses_nobody() -> None:
    assert users.username_or_placeholder("\x00" * 5000) == users.PLACEHOLDER
    with pytest.raises(NotFound):
        users.require_valid_username("../etc")


def test_a_revision_changes_what_it_names_and_when() -> None:
    revised = posts.revise(POST, editor="ada", title="New", now=NOW + timedelta(seconds=1))
    assert revised == replace(POST, title="New", updated_at=NOW + timedelta(seconds=1))


def test_an_empty_revision_changes_nothing() -> None:
    assert posts.revise(POST, editor="ada", now=NOW + timedelta(seconds=1)) is POST


def test_only_the_author_revises_and_withdraws() -> None:
    with pytest.raises(NotAllowed):
        posts.revise(POST, editor="bob", title="New", now=NOW)
    with pytest.raises(NotAllowed):
        posts.withdraw(POST, editor="bob")


@pytest.mark.parametrize("if_match", ["*", posts.etag(POST), f'"x", {posts.etag(POST)}'])
def test_if_match_that_is_true_lets_a_revision_through(if_match: str) -> None:
    posts.revise(POST, editor="ada", title="New", if_match=if_match, now=NOW)


@pytest.mark.parametrize("if_match", ['"x"', f"W/{posts.etag(POST)}", "", posts.etag(POST).strip('"')])
def test_if_match_that_is_not_true_is_out_of_date(if_match: str) -> None:
    with pytest.raises(OutOfDate):
        posts.revise(POST, editor="ada", title="New", if_match=if_match, now=NOW)


def test_the_entity_tag_follows_title_body_and_tags_and_not_the_score() -> None:
    same = posts.etag(replace(POST, score=5))
    others = {posts.etag(replace(POST, **change)) for change in ({"title": "x"}, {"body": "x"}, {"tags": ("x",)})}
    assert same == posts.etag(POST)
    assert len(others | {same}) == 4


@pytest.mark.parametrize("tags", [["a"] * 2, ["A"], [""], ["a" * 31], list("abcdef"), ["a b"]])
def test_tags_out_of_form_are_refused(tags: list[str]) -> None:
    with pytest.raises(InvalidInput):
        posts.compose(id="1", author="ada", title="t", body="b", tags=tags, now=NOW)


def test_a_blank_title_is_refused() -> None:
    with pytest.raises(InvalidInput):
        posts.compose(id="1", author="ada", title=" \t ", body="b", now=NOW)


@pytest.mark.parametrize("value", [0, 2, -2, 0.5, float("inf")])
def test_a_vote_is_one_up_or_one_down(value: float) -> None:
    with pytest.raises(InvalidInput):
        votes.cast(post_id="1", voter="ada", value=value)


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Running, ran; the RUNNER!", ["run", "ran", "runner"]),
        ("straße STRASSE", ["strass", "strass"]),
        ("\uff26\uff55\uff4c\uff4c width", ["full", "width"]),
        ("snake_case e-mail", ["snake", "case", "e", "mail"]),
        ("x² ፩ ½", ["x2", "1", "2"]),
        ("to be or not to be", []),
        ("日本語 テキスト", ["日本語", "テキスト"]),
    ],
)
def test_text_becomes_terms(text: str, stems: list[str]) -> None:
    assert search.analyse(text) == stems


def test_a_title_weighs_three_times_a_body_and_five_occurrences_are_all_that_count() -> None:
    assert search.weigh(title="cat " * 9, body="cat dog dog") == {"cat": 16, "dog": 2}


def test_the_terms_of_a_query_are_distinct() -> None:
    assert search.query_terms("cats cat CAT dog") == ["cat", "dog"]


@pytest.mark.parametrize(
    "q", [None, "", "the of", "one2 two2 three3 four4 five5 six6 seven7 eight8 nine9", "x" * 201, "a\x00b"]
)
def test_a_query_of_no_term_or_too_many_is_refused(q: str | None) -> None:
    with pytest.raises(InvalidInput):
        search.query_terms(q)
