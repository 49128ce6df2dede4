"""Feedback: everybody may send it, and only administrators read it."""

from typing import Any

import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = pytest.mark.live_api


@pytest.fixture(scope="module")
def admin(api: Api) -> Person:
    """The administrator in the settings."""
    return api.administrator()


def _send(api: Api, **form: Any) -> str:
    answer = api.give_feedback(**{"message": unique("feedback "), **form})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _read(api: Api, admin: Person, feedback_id: str) -> dict[str, Any]:
    """Return the feedback from the administrator's list of the newest."""
    answer = api.list_feedback(admin, limit=100)
    assert answer.status_code == 200, answer.text
    return next(item for item in answer.json()["items"] if item["id"] == feedback_id)


@pytest.mark.deployed
def test_feedback_is_stored_as_sent(api: Api, admin: Person) -> None:
    form = {"message": "Größe\n\tund 猫 \U0001f600", "contact": "Ada@Example.org"}
    answer = api.give_feedback(**form)
    assert answer.status_code == 201
    assert "Location" not in answer.headers
    created = answer.json()
    assert set(created) == {"id", "created_at"}
    assert _read(api, admin, created["id"]) == {**form, **created}


def test_feedback_without_a_contact_has_none(api: Api, admin: Person) -> None:
    assert _read(api, admin, _send(api))["contact"] is None


def test_the_token_of_a_sender_of_feedback_is_ignored(api: Api) -> None:
    answer = api.send("POST", "/feedback", by="no token at all", json={"message": "hello"})
    assert answer.status_code == 201


def test_feedback_is_normalised_before_its_length_is_checked(api: Api, admin: Person) -> None:
    assert _read(api, admin, _send(api, message="e\u0301" * 2000))["message"] == "é" * 2000


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": None}, "message"),
        ({"message": 1}, "message"),
        ({"message": "x", "contact": None}, "contact"),
        ({"message": "x", "contact": "nobody"}, "contact"),
        ({"message": "x", "contact": "a b@example.org"}, "contact"),
        ({"message": "x", "contact": f"{'x' * 243}@example.org"}, "contact"),
        ({"message": "x", "id": "mine"}, "id"),
        ({"message": "x", "created_at": "2026-01-02T03:04:05.678Z"}, "created_at"),
        ({"message": "x", "administrator": True}, "administrator"),
    ],
)
def test_an_invalid_field_is_named(api: Api, form: dict[str, Any], field: str) -> None:
    assert broken_fields(api.give_feedback(**form)) == {field}


@pytest.mark.real_server
def test_only_an_administrator_reads_feedback(api: Api, ada: Person) -> None:
    assert api.list_feedback(None).status_code == 401
    assert api.list_feedback("no token at all").status_code == 401
    assert api.list_feedback(ada).status_code == 403


@pytest.mark.parametrize("query", [{"limit": "0"}, {"cursor": "made-up"}])
def test_a_missing_permission_is_reported_before_other_mistakes(api: Api, ada: Person, query: dict[str, str]) -> None:
    assert api.list_feedback(ada, **query).status_code == 403


def test_no_request_makes_an_administrator(api: Api, ada: Person) -> None:
    headers = {"X-Administrator": "true", "X-Username": "admin"}
    answer = api.send("GET", "/feedback?administrators=" + ada.username, by=ada, headers=headers)
    assert answer.status_code == 403
    assert broken_fields(api.revise_me(ada, administrator=True)) == {"administrator"}


@pytest.mark.deployed
def test_the_newest_comes_first_on_every_page(api: Api, admin: Person) -> None:
    sent = [_send(api) for _ in range(5)]
    wanted, seen = sent[::-1], []
    for page in api.walk_as(admin, "/feedback", limit=2):
        seen += [item["id"] for item in page]
        if sent[0] in seen:
            break
    assert [each for each in seen if each in sent] == wanted
    assert len(seen) == len(set(seen))


def test_a_page_of_the_longest_messages_is_whole(api: Api, admin: Person) -> None:
    form = {"message": "\U0001f600" * 2000, "contact": f"{'ä' * 242}@example.org"}
    sent = [_send(api, **form) for _ in range(101)]
    page = api.list_feedback(admin, limit=100).json()
    newest = [each for each in sent[::-1] if each in {item["id"] for item in page["items"]}]
    assert len(page["items"]) == 100
    assert newest == sent[::-1][: len(newest)]
    assert page["next_cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "x", ""])
def test_a_bad_limit_is_a_422(api: Api, admin: Person, limit: str) -> None:
    assert broken_fields(api.list_feedback(admin, limit=limit)) == {"limit"}


def test_a_cursor_of_another_list_or_an_altered_one_is_a_422(api: Api, admin: Person, ada: Person) -> None:
    for _ in range(2):
        api.published(ada)
        _send(api)
    own = api.list_feedback(admin, limit=1).json()["next_cursor"]
    of_posts = api.list_posts(limit=1).json()["next_cursor"]
    altered = ("B" if own[0] != "B" else "C") + own[1:]
    for cursor in (of_posts, altered, ""):
        assert broken_fields(api.list_feedback(admin, cursor=cursor)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=own)) == {"cursor"}
