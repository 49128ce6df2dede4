"""ETags and `If-Match`."""

from typing import Any

import pytest

from .client import Api, Json, Person

pytestmark = pytest.mark.live_api


@pytest.fixture
def post(api: Api, ada: Person) -> Json:
    """A new post of Ada's."""
    return api.published(ada, tags=["a-tag"])


def _etag(api: Api, post: Json) -> str:
    etag: str = api.read_post(post["id"]).headers["ETag"]
    return etag


@pytest.mark.parametrize(
    "change", [{"title": "Another"}, {"body": "Another"}, {"tags": ["another"]}, {"tags": []}], ids=str
)
def test_the_etag_changes_with_title_body_and_tags(api: Api, ada: Person, post: Json, change: dict[str, Any]) -> None:
    before = _etag(api, post)
    revised = api.revise_post(ada, post["id"], **change)
    assert revised.headers["ETag"] == _etag(api, post) != before


def test_text_that_moves_between_fields_changes_the_etag(api: Api, ada: Person) -> None:
    shapes: list[dict[str, Any]] = [
        {"title": "ab", "body": "c", "tags": []},
        {"title": "a", "body": "bc", "tags": []},
        {"title": "a", "body": "b", "tags": ["c"]},
        {"title": "a", "body": "b", "tags": ["c", "d"]},
        {"title": "a", "body": "b", "tags": ["d", "c"]},
        {"title": "a", "body": "b", "tags": ["c-d"]},
    ]
    post = api.published(ada)
    etags = [api.revise_post(ada, post["id"], **shape).headers["ETag"] for shape in shapes]
    assert len(set(etags)) == len(shapes)


def test_the_etag_stays_when_the_score_changes(api: Api, ada: Person, bob: Person, post: Json) -> None:
    before = _etag(api, post)
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)
    assert _etag(api, post) == before
    assert api.revise_post(ada, post["id"], if_match=before, title="Another").status_code == 200


@pytest.mark.real_server
@pytest.mark.parametrize("form", ["{}", '"other", {}', '{}, "other"', 'W/"other" ,{},"more"', "*", '"a,b", {}'])
def test_a_matching_if_match_allows_the_revision(api: Api, ada: Person, post: Json, form: str) -> None:
    answer = api.revise_post(ada, post["id"], if_match=form.format(_etag(api, post)), title="Another")
    assert (answer.status_code, answer.json()["title"]) == (200, "Another")


@pytest.mark.parametrize("form", ['"other"', '"one", "two"', "W/{}", 'W/{}, "other"', '""', '"*"'])
def test_an_if_match_that_does_not_match_is_a_412(api: Api, ada: Person, post: Json, form: str) -> None:
    answer = api.revise_post(ada, post["id"], if_match=form.format(_etag(api, post)), title="Another")
    assert answer.status_code == 412
    assert api.post(post["id"]) == post


@pytest.mark.real_server
def test_a_stale_if_match_is_a_412(api: Api, ada: Person, post: Json) -> None:
    stale = _etag(api, post)
    current = api.revise_post(ada, post["id"], if_match=stale, title="Second").headers["ETag"]
    assert api.revise_post(ada, post["id"], if_match=stale, title="Third").status_code == 412
    assert api.revise_post(ada, post["id"], if_match=f"{stale}, {current}", title="Fourth").status_code == 200


def test_an_empty_revision_checks_if_match_too(api: Api, ada: Person, post: Json) -> None:
    assert api.revise_post(ada, post["id"], if_match=_etag(api, post)).status_code == 200
    assert api.revise_post(ada, post["id"], if_match='"other"').status_code == 412


def test_if_match_does_not_replace_authorization(api: Api, ada: Person, bob: Person, post: Json) -> None:
    assert api.revise_post(bob, post["id"], if_match="*", title="Mine").status_code == 403
    assert api.revise_post(ada, "unknown", if_match="*", title="Mine").status_code == 404
    assert api.revise_post(None, post["id"], if_match="*", title="Mine").status_code == 401


def test_equal_content_has_the_same_etag(api: Api, ada: Person, post: Json) -> None:
    before = _etag(api, post)
    api.revise_post(ada, post["id"], title="Another")
    assert api.revise_post(ada, post["id"], title=post["title"]).headers["ETag"] == before
