"""Posts: publishing, reading, revising and withdrawing them."""

from typing import Any

import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = pytest.mark.live_api

FIELDS = {"id", "author", "title", "body", "tags", "score", "boosted_until", "created_at", "updated_at"}
HOSTILE_IDS = [
    *("unknown", "0", "x" * 36, "x" * 2_000, "{id}", "*", "...", "'", "a%20b"),
    *("%00", "%0A", "%22", "%2e%2e", "%F0%9F%8C%8D", "%FF", "post%23"),
    *("01ARZ3NDEKTSV4RRFFQ69G5FAV", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "00000000000000000000000000"),
]


@pytest.mark.real_server
def test_a_new_post_is_a_201_with_the_post_and_its_location(api: Api, ada: Person) -> None:
    answer = api.publish(ada, title="A title", body="A body", tags=["one", "two"])
    post = answer.json()
    assert (answer.status_code, set(post)) == (201, FIELDS)
    assert (post["author"], post["title"], post["body"], post["tags"]) == (
        ada.username,
        "A title",
        "A body",
        ["one", "two"],
    )
    assert (post["score"], post["boosted_until"], post["updated_at"]) == (0, None, post["created_at"])
    assert answer.headers["Location"] == f"/posts/{post['id']}"
    assert api.send("GET", answer.headers["Location"]).json() == post


def test_a_post_needs_no_tags(api: Api, ada: Person) -> None:
    assert api.published(ada)["tags"] == []
    assert api.published(ada, tags=[])["tags"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " "),
        ("title", "\t\n\r "),
        ("title", "\u00a0\u2003\u3000"),
        ("title", "x" * 201),
        ("body", ""),
        ("body", "x" * 10_001),
        ("tags", list("abcdef")),
        ("tags", ["same", "same"]),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_an_invalid_field_is_a_422_that_names_it(api: Api, ada: Person, field: str, value: Any) -> None:
    post = api.published(ada)
    for answer in (
        api.publish(ada, **{"title": "A title", "body": "A body", field: value}),
        api.revise_post(ada, post["id"], **{field: value}),
    ):
        assert {name.partition("[")[0] for name in broken_fields(answer)} == {field}
    assert api.post(post["id"]) == post


@pytest.mark.parametrize("tag", ["", "A", "ä", "a b", "a_b", "x" * 31, "tag\n", "٣", 5, None, ["a"]], ids=ascii)
def test_an_invalid_tag_is_a_422_that_names_its_index(api: Api, ada: Person, tag: Any) -> None:
    assert broken_fields(api.publish(ada, title="A title", body="A body", tags=["fine", tag])) == {"tags[1]"}


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x"},
        {"title": "x" * 200},
        {"title": "🌍" * 200},
        {"body": "x"},
        {"body": " "},
        {"body": "x" * 10_000},
        {"body": "🌍" * 10_000},
        {"tags": ["x" * 30, "-", "0", "a-1", "---"]},
    ],
    ids=lambda fields: ascii(fields)[:20],
)
def test_a_field_may_reach_its_limits(api: Api, ada: Person, fields: dict[str, Any]) -> None:
    post = api.published(ada, **fields)
    assert {name: post[name] for name in fields} == fields
    assert api.post(post["id"]) == post


@pytest.mark.parametrize("field", ["id", "author", "score", "boosted_until", "created_at", "updated_at"])
def test_read_only_fields_are_refused(api: Api, ada: Person, field: str) -> None:
    assert broken_fields(api.publish(ada, title="A title", body="A body", **{field: "x"})) == {field}


def test_lists_show_the_newest_first_with_the_same_fields_as_a_single_post(api: Api, ada: Person) -> None:
    tag = unique("t-")
    posts = [api.published(ada, title=f"Post {n}", tags=[tag, "other"]) for n in range(4)][::-1]
    assert api.list_posts(tag=tag).json() == {"items": posts, "next_cursor": None}
    mine = [post for post in api.list_posts(author=ada.username, limit=100).json()["items"] if tag in post["tags"]]
    assert mine == posts
    order = [(post["created_at"], post["id"]) for post in api.list_posts(limit=100).json()["items"]]
    assert order == sorted(order, reverse=True)


@pytest.mark.deployed
def test_a_list_shows_only_posts_that_match_its_filter(api: Api, ada: Person, bob: Person) -> None:
    tag = unique("t-")
    of_ada, of_bob = api.published(ada, tags=[tag]), api.published(bob, tags=[tag, "b"])
    untagged = api.published(bob)
    assert [post["id"] for post in api.list_posts(tag=tag).json()["items"]] == [of_bob["id"], of_ada["id"]]
    listed = api.list_posts(author=bob.username, limit=100).json()["items"]
    assert {post["author"] for post in listed} == {bob.username}
    assert {untagged["id"], of_bob["id"]} <= {post["id"] for post in listed}


@pytest.mark.real_server
def test_a_revision_is_visible_everywhere_at_once(api: Api, ada: Person) -> None:
    old, new = unique("old-"), unique("new-")
    post = api.published(ada, tags=[old, "kept"])
    revised = api.revise_post(ada, post["id"], title="Another title", body="Another body", tags=["kept", new])
    assert revised.status_code == 200
    changed = {"title": "Another title", "body": "Another body", "tags": ["kept", new]}
    assert revised.json() == {**post, **changed, "updated_at": revised.json()["updated_at"]}
    assert revised.json()["updated_at"] >= post["updated_at"]
    assert api.post(post["id"]) == revised.json()
    assert api.list_posts(tag=old).json()["items"] == []
    assert api.list_posts(tag=new).json()["items"] == [revised.json()]
    assert revised.json() in api.list_posts(author=ada.username).json()["items"]


@pytest.mark.parametrize(
    "change", [{"title": "Another"}, {"body": "Another"}, {"tags": ["another"]}, {"tags": []}], ids=str
)
def test_each_field_changes_alone(api: Api, ada: Person, change: dict[str, Any]) -> None:
    post = api.published(ada, tags=["a-tag"])
    revised = api.revise_post(ada, post["id"], **change).json()
    assert revised == {**post, **change, "updated_at": revised["updated_at"]}


def test_an_empty_revision_changes_nothing(api: Api, ada: Person) -> None:
    post = api.published(ada, tags=["a-tag"])
    etag = api.read_post(post["id"]).headers["ETag"]
    answer = api.revise_post(ada, post["id"])
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, post, etag)
    again = api.read_post(post["id"])
    assert (again.json(), again.headers["ETag"]) == (post, etag)


def test_a_revision_does_not_move_a_post_in_the_list(api: Api, ada: Person) -> None:
    tag = unique("t-")
    first, second = api.published(ada, tags=[tag]), api.published(ada, tags=[tag])
    api.revise_post(ada, first["id"], title="Another title")
    assert [post["id"] for post in api.list_posts(tag=tag).json()["items"]] == [second["id"], first["id"]]


@pytest.mark.real_server
def test_a_withdrawn_post_is_gone_at_once(api: Api, ada: Person) -> None:
    tag = unique("t-")
    post, other = api.published(ada, tags=[tag]), api.published(ada, tags=[tag])
    assert api.withdraw(ada, post["id"]).status_code == 204
    assert api.read_post(post["id"]).status_code == 404
    assert api.list_posts(tag=tag).json()["items"] == [other]
    assert post["id"] not in [shown["id"] for shown in api.list_posts(author=ada.username).json()["items"]]
    assert post["id"] not in [shown["id"] for shown in api.list_posts().json()["items"]]
    assert api.withdraw(ada, post["id"]).status_code == 404
    assert api.revise_post(ada, post["id"], title="Another").status_code == 404


@pytest.mark.deployed
def test_only_the_author_changes_or_withdraws_a_post(api: Api, ada: Person, bob: Person) -> None:
    post = api.published(ada)
    assert api.revise_post(bob, post["id"], title="Mine now").status_code == 403
    assert api.revise_post(bob, post["id"]).status_code == 403
    assert api.withdraw(bob, post["id"]).status_code == 403
    assert api.post(post["id"]) == post


@pytest.mark.parametrize("post_id", HOSTILE_IDS, ids=lambda post_id: post_id[:30])
def test_an_unknown_post_is_a_404(api: Api, ada: Person, post_id: str) -> None:
    assert api.read_post(post_id).status_code == 404
    assert api.revise_post(ada, post_id, title="Another").status_code == 404
    assert api.withdraw(ada, post_id).status_code == 404
    assert api.cast(ada, post_id, value=1).status_code == 404
    assert api.retract(ada, post_id).status_code == 404


def test_an_id_is_compared_exactly(api: Api, ada: Person) -> None:
    post_id = api.published(ada)["id"]
    for spelling in (post_id.swapcase(), f"{post_id}%0A", f"{post_id}%20", f"{post_id}%00", post_id[:-1]):
        assert api.read_post(spelling).status_code == 404
        assert api.withdraw(ada, spelling).status_code == 404
    assert api.read_post(post_id).status_code == 200
