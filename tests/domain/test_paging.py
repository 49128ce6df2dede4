"""Tests of pages and cursors: a cursor is opaque, bound to its list and safe to parse."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, strategies

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query
from shared_domain.contract.posts import PostId
from shared_domain.errors import InvalidInput

ID = "01M7X1YXN3SBB3DZEFS5FNXBMV"


def make_cursor(list_name: str = "posts", last: str = ID) -> str:
    page = page_json(
        [last, "one more"], limit=1, list_name=list_name, position_of=str, to_json=lambda item: {"id": item}
    )
    return str(page["next_cursor"])


def test_a_cursor_is_the_position_of_the_last_item() -> None:
    assert parse_cursor(Query(f"cursor={make_cursor()}"), list_name="posts", shape=PostId) == ID


def test_the_last_page_has_no_cursor() -> None:
    page = page_json([ID], limit=1, list_name="posts", position_of=str, to_json=lambda item: {"id": item})
    assert page == {"items": [{"id": ID}], "next_cursor": None}


def test_a_cursor_of_another_list_is_rejected() -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={make_cursor('posts of ada')}"), list_name="posts", shape=PostId)


@pytest.mark.parametrize("place", range(0, len(make_cursor()), 7))
def test_an_altered_cursor_is_rejected(place: int) -> None:
    cursor = make_cursor()
    altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={altered}"), list_name="posts", shape=PostId)


def test_a_forged_position_that_is_not_an_id_is_rejected() -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={make_cursor(last='x' * 3000)}"), list_name="posts", shape=PostId)


@given(strategies.binary(max_size=60))
def test_random_bytes_are_not_a_cursor(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={urlsafe_b64encode(raw).decode()}"), list_name="posts", shape=PostId)


@pytest.mark.parametrize("value", ["0", "101", "-1", "1.5", "abc", "", "+5", "٣", "1e1", "0x10"])
def test_a_limit_outside_1_to_100_is_rejected(value: str) -> None:
    with pytest.raises(InvalidInput):
        parse_limit(Query(f"limit={value}"))


def test_the_default_limit_is_20() -> None:
    assert parse_limit(Query("")) == 20
