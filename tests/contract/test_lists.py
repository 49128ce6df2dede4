"""Lists: limits, cursors and pages."""

from typing import Any

import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = pytest.mark.live_api

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _tagged(api: Api, author: Person, tag: str, *, count: int) -> list[str]:
    """Publish posts with this tag. Return their ids, the newest first."""
    return [api.published(author, title=f"Post {n}", tags=[tag])["id"] for n in range(count)][::-1]


def _ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def _cursor(api: Api, **query: Any) -> str:
    cursor: str | None = api.list_posts(**query).json()["next_cursor"]
    assert cursor
    return cursor


@pytest.fixture(scope="module")
def tag(api: Api, ada: Person) -> str:
    """A new tag with five posts of Ada's."""
    tag = unique("five-")
    _tagged(api, ada, tag, count=5)
    return tag


@pytest.mark.parametrize("path", ["/posts", "/leaderboard", "/search?q=needle"])
@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "", "1.5", "1e1", "1_0", "0x5", "٣", "5 ", "9" * 400])
def test_a_bad_limit_is_a_422(api: Api, path: str, limit: str) -> None:
    separator = "&" if "?" in path else "?"
    assert broken_fields(api.send("GET", f"{path}{separator}limit={limit}")) == {"limit"}


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_page_has_at_most_limit_items(api: Api, tag: str, limit: int) -> None:
    assert len(api.list_posts(tag=tag, limit=limit).json()["items"]) == min(5, limit)


def test_a_page_has_20_items_by_default(api: Api, ada: Person) -> None:
    tag = unique("many-")
    ids = _tagged(api, ada, tag, count=21)
    first = api.list_posts(tag=tag).json()
    assert _ids(first["items"]) == ids[:20]
    last = api.list_posts(tag=tag, cursor=first["next_cursor"]).json()
    assert (_ids(last["items"]), last["next_cursor"]) == (ids[20:], None)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_the_pages_show_every_item_once(api: Api, tag: str, limit: int) -> None:
    pages = [_ids(page) for page in api.walk("/posts", tag=tag, limit=limit)]
    whole = _ids(api.list_posts(tag=tag).json()["items"])
    assert [post_id for page in pages for post_id in page] == whole
    assert [len(page) for page in pages] == [limit] * (5 // limit) + [5 % limit] * (5 % limit > 0)


def test_the_limit_may_change_between_pages(api: Api, tag: str) -> None:
    cursor = _cursor(api, tag=tag, limit=2)
    rest = api.list_posts(tag=tag, limit=100, cursor=cursor).json()
    assert (len(rest["items"]), rest["next_cursor"]) == (3, None)


@pytest.mark.deployed
def test_pages_skip_and_repeat_nothing_while_posts_are_added(api: Api, ada: Person) -> None:
    tag = unique("grows-")
    ids = _tagged(api, ada, tag, count=5)
    seen: list[str] = []
    for page in api.walk("/posts", tag=tag, limit=2):
        seen += _ids(page)
        _tagged(api, ada, tag, count=1)
    assert seen == ids


def test_the_next_page_is_correct_after_the_last_post_of_a_page_is_withdrawn(api: Api, ada: Person) -> None:
    tag = unique("shrinks-")
    ids = _tagged(api, ada, tag, count=4)
    pages = api.walk("/posts", tag=tag, limit=2)
    assert _ids(next(pages)) == ids[:2]
    assert api.withdraw(ada, ids[1]).status_code == 204
    assert _ids(next(pages)) == ids[2:]


def test_the_whole_list_and_an_authors_list_have_the_same_order(api: Api, bob: Person) -> None:
    ids = _tagged(api, bob, unique("author-"), count=3)
    walked = [post_id for page in api.walk("/posts", author=bob.username, limit=2) for post_id in _ids(page)]
    assert [post_id for post_id in walked if post_id in ids] == ids
    assert len(set(walked)) == len(walked)
    newest = api.list_posts(limit=100).json()["items"]
    assert [post_id for post_id in _ids(newest) if post_id in ids] == ids


@pytest.mark.parametrize(
    "cursor", ["", "x", "abc", "AAAA", "null", "%00", "日本", "a" * 3_000, "e30", "eyJpZCI6IDF9", "../..", "MQ=="]
)
def test_a_made_up_cursor_is_a_422(api: Api, cursor: str) -> None:
    assert broken_fields(api.list_posts(cursor=cursor)) == {"cursor"}
    assert broken_fields(api.search("needle", cursor=cursor)) == {"cursor"}


@pytest.mark.deployed
def test_an_altered_cursor_is_a_422(api: Api, tag: str) -> None:
    cursor = _cursor(api, tag=tag, limit=2)
    places = {0, 1, len(cursor) // 3, len(cursor) // 2, 2 * len(cursor) // 3, len(cursor) - 2, len(cursor) - 1}
    altered = [cursor[:place] + _other(cursor[place]) + cursor[place + 1 :] for place in places]
    for forged in [*altered, cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor + cursor, cursor.swapcase()]:
        assert broken_fields(api.list_posts(tag=tag, cursor=forged)) == {"cursor"}, forged


def test_a_cursor_of_another_list_is_a_422(api: Api, ada: Person, bob: Person, tag: str) -> None:
    of_tag, of_all = _cursor(api, tag=tag, limit=2), _cursor(api, limit=2)
    of_author = _cursor(api, author=ada.username, limit=2)
    assert broken_fields(api.list_posts(tag=unique("other-"), cursor=of_tag)) == {"cursor"}
    assert broken_fields(api.list_posts(author=ada.username, cursor=of_tag)) == {"cursor"}
    assert broken_fields(api.list_posts(author=tag, cursor=of_tag)) == {"cursor"}
    assert broken_fields(api.list_posts(author=bob.username, cursor=of_author)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=of_author)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=of_tag)) == {"cursor"}
    assert broken_fields(api.list_posts(tag=tag, cursor=of_all)) == {"cursor"}
    assert broken_fields(api.search("needle", cursor=of_all)) == {"cursor"}


def test_unknown_query_parameters_are_ignored(api: Api, tag: str) -> None:
    assert api.list_posts(tag=tag, colour="red", Limit="abc").json() == api.list_posts(tag=tag).json()


def test_the_first_of_a_repeated_query_parameter_counts(api: Api, tag: str) -> None:
    assert len(api.send("GET", f"/posts?tag={tag}&limit=2&limit=abc").json()["items"]) == 2
    assert api.send("GET", f"/posts?tag={tag}&limit=abc&limit=2").status_code == 422
    assert len(api.send("GET", f"/posts?tag={tag}&tag={unique('none-')}").json()["items"]) == 5
    assert api.send("GET", f"/posts?tag={unique('none-')}&tag={tag}").json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "author=nobody_at_all_here",
        "tag=no-such-tag-at-all",
        "author=Not%20A%20Name",
        "tag=%F0%9F%8C%8D",
        "author=" + "a" * 2_000,
    ],
)
def test_a_filter_that_matches_nothing_returns_an_empty_list(api: Api, query: str) -> None:
    assert api.send("GET", f"/posts?{query}").json() == {"items": [], "next_cursor": None}


def test_both_filters_at_once_are_a_422(api: Api, ada: Person, tag: str) -> None:
    assert broken_fields(api.list_posts(author=ada.username, tag=tag)) <= {"author", "tag"}


def _other(character: str) -> str:
    return ALPHABET[(ALPHABET.find(character) + 1) % len(ALPHABET)]
