"""Tests of the rules of users, posts, votes and search."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared_domain import posts, search, users, votes
from shared_domain.errors import InvalidInput, NotAllowed, NotAuthenticated, NotFound, OutOfDate

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
POST = posts.compose(id="01M7X1YXN3SBB3DZEFS5FNXBMV", author="ada", title="Title", body="Body", tags=["a"], now=NOW)


def register(hash_password: Callable[[str], str] = lambda password: f"hash of {password}", **form: str) -> users.User:
    fields = {"username": "ada", "email": "ada@example.org", "password": "password1", **form}
    return users.register(id="1", hash_password=hash_password, now=NOW, **fields)  # type: ignore[arg-type]


def test_a_new_user_has_100_credits_and_the_username_as_display_name() -> None:
    user = register()
    assert (user.credits, user.display_name, user.bio) == (100, "ada", "")


@pytest.mark.parametrize("username", ["ab", "a" * 31, "Ada", "ada!", "ada\n", "ädä"])
def test_a_malformed_username_is_rejected(username: str) -> None:
    with pytest.raises(InvalidInput):
        register(username=username)


@pytest.mark.parametrize("email", ["a@", "@b.c", "a@b", "a b@c.de", "a@@b.cd", "x" * 250 + "@b.cd"])
def test_a_malformed_email_is_rejected(email: str) -> None:
    with pytest.raises(InvalidInput):
        register(email=email)


def test_a_rejected_sign_up_computes_no_hash() -> None:
    def fail(password: str) -> str:
        raise AssertionError("a rejected sign-up was hashed")

    with pytest.raises(InvalidInput):
        register(fail, display_name="")


def test_an_unknown_user_and_a_wrong_password_give_the_same_error() -> None:
    hashes: list[str | None] = []

    def reject(password: str, *, password_hash: str | None) -> bool:
        hashes.append(password_hash)
        return False

    for user in (register(), None):
        with pytest.raises(NotAuthenticated, match="username or password is wrong"):
            users.sign_in(user, password="x", verify_password=reject)
    assert hashes == ["hash of password1", None]


def test_a_malformed_username_becomes_the_placeholder_or_is_not_found() -> None:
    placeholders = {users.username_or_placeholder(name) for name in ("\x00" * 5000, "\x00", "ab", "Ada", "ada ")}
    assert len(placeholders) == 5
    assert all(len(each) < 40 and each[0] == "-" for each in placeholders)
    with pytest.raises(NotFound):
        users.require_valid_username("../etc")


def test_a_revision_changes_the_given_fields_and_updated_at() -> None:
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
def test_a_matching_if_match_allows_a_revision(if_match: str) -> None:
    posts.revise(POST, editor="ada", title="New", if_match=if_match, now=NOW)


@pytest.mark.parametrize("if_match", ['"x"', f"W/{posts.etag(POST)}", "", posts.etag(POST).strip('"')])
def test_an_if_match_that_does_not_match_is_out_of_date(if_match: str) -> None:
    with pytest.raises(OutOfDate):
        posts.revise(POST, editor="ada", title="New", if_match=if_match, now=NOW)


def test_the_entity_tag_depends_on_title_body_and_tags_and_not_on_the_score() -> None:
    same = posts.etag(replace(POST, score=5))
    others = {posts.etag(replace(POST, **change)) for change in ({"title": "x"}, {"body": "x"}, {"tags": ("x",)})}
    assert same == posts.etag(POST)
    assert len(others | {same}) == 4


@pytest.mark.parametrize("tags", [["a"] * 2, ["A"], [""], ["a" * 31], list("abcdef"), ["a b"]])
def test_malformed_tags_are_rejected(tags: list[str]) -> None:
    with pytest.raises(InvalidInput):
        posts.compose(id="1", author="ada", title="t", body="b", tags=tags, now=NOW)


def test_a_blank_title_is_rejected() -> None:
    with pytest.raises(InvalidInput):
        posts.compose(id="1", author="ada", title=" \t ", body="b", now=NOW)


@pytest.mark.parametrize("value", [0, 2, -2, 0.5, float("inf")])
def test_a_vote_is_1_or_minus_1(value: float) -> None:
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
def test_text_is_split_into_stems(text: str, stems: list[str]) -> None:
    assert search.analyse(text) == stems


def test_a_title_weighs_three_times_as_much_and_at_most_five_occurrences_count() -> None:
    assert search.weigh(title="cat " * 9, body="cat dog dog") == {"cat": 16, "dog": 2}


def test_only_the_first_terms_of_a_post_are_indexed_those_of_the_title_first() -> None:
    body = " ".join(f"b{number} b0 cat" for number in range(2 * search.MAX_POST_TERMS))
    weights = search.weigh(title="the cat", body=body)
    assert list(weights) == ["cat", *(f"b{number}" for number in range(search.MAX_POST_TERMS - 1))]
    assert (weights["cat"], weights["b0"]) == (8, 5)


def test_repeated_terms_of_a_query_count_once() -> None:
    assert search.parse_terms("cats cat CAT dog") == ["cat", "dog"]


@pytest.mark.parametrize(
    "q", [None, "", "the of", "one2 two2 three3 four4 five5 six6 seven7 eight8 nine9", "x" * 201, "a\x00b"]
)
def test_a_query_without_terms_or_with_too_many_is_rejected(q: str | None) -> None:
    with pytest.raises(InvalidInput):
        search.parse_terms(q)
