"""Search: pages, and changes of posts. Every needle is a new word."""

import pytest

from .client import Api, Person, broken_fields
from .search_terms import new_word, search_hits, wait_for_hits, wait_for_relevance

pytestmark = pytest.mark.live_api


@pytest.fixture
def needle() -> str:
    return new_word()


@pytest.mark.deployed
def test_pages_show_every_hit_once_while_posts_are_added(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title="x", body=f"{needle} " * times) for times in (1, 1, 2, 2, 1)]
    expected = [posts[place]["id"] for place in (3, 2, 4, 1, 0)]
    wait_for_hits(api, needle, [posts[place] for place in (3, 2, 4, 1, 0)])
    seen: list[str] = []
    for page in api.walk("/search", q=needle, limit=2):
        seen += [hit["post"]["id"] for hit in page]
        api.published(ada, title=needle, body=f"{needle} " * 5)
    assert seen == expected


def test_the_last_page_ends_with_the_last_hit(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title=needle) for _ in range(4)][::-1]
    wait_for_hits(api, needle, posts)
    assert [len(page) for page in api.walk("/search", q=needle, limit=2)] == [2, 2]
    assert [len(page) for page in api.walk("/search", q=needle, limit=3)] == [3, 1]
    assert [len(page) for page in api.walk("/search", q=needle, limit=4)] == [4]


def test_a_cursor_is_valid_only_for_its_query(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title=needle) for _ in range(2)][::-1]
    wait_for_hits(api, needle, posts)
    cursor = api.search(needle, limit=1).json()["next_cursor"]
    assert [hit["post"]["id"] for hit in search_hits(api, needle, limit=1, cursor=cursor)] == [posts[1]["id"]]
    assert broken_fields(api.search(new_word(), cursor=cursor)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=cursor)) == {"cursor"}
    for forged in (cursor[:-1], cursor[1:], cursor + "A", cursor.swapcase()):
        assert broken_fields(api.search(needle, cursor=forged)) == {"cursor"}


@pytest.mark.deployed
def test_search_follows_a_revision(api: Api, ada: Person, needle: str) -> None:
    other = new_word()
    post = api.published(ada, title=needle, body=needle)
    wait_for_relevance(api, needle, 4)
    revised = api.revise_post(ada, post["id"], title=other).json()
    wait_for_relevance(api, needle, 1)
    wait_for_relevance(api, other, 3)
    assert search_hits(api, other)[0]["post"] == revised


@pytest.mark.deployed
def test_search_drops_a_withdrawn_post(api: Api, ada: Person, needle: str) -> None:
    post, other = api.published(ada, title=needle), api.published(ada, title=needle)
    wait_for_hits(api, needle, [other, post])
    api.withdraw(ada, post["id"])
    wait_for_hits(api, needle, [other])


def test_a_post_revised_and_withdrawn_in_a_row_is_not_found(api: Api, ada: Person, needle: str) -> None:
    other = new_word()
    post, last = api.published(ada, title=needle), new_word()
    api.revise_post(ada, post["id"], title=other)
    api.withdraw(ada, post["id"])
    wait_for_hits(api, last, [api.published(ada, title=last)])  # the earlier changes are processed by then
    for q in (needle, other):
        wait_for_hits(api, q, [])
