"""Pages and cursors: opaque, bound to their list, and no way in."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared_domain.contract.paging import page_json, parse_cursor, parse_limit
from shared_domain.contract.parsing import Query
from shared_domain.contract.posts import PostId
from shared_domain.errors import InvalidInput

ID = "01M7X1YXN3SBB3DZEFS5FNXBMV"


def cursor(list_name: str = "posts", last: str = ID) -> str:
    shown = page_json(
        [last, "one more"], limit=1, list_name=list_name, position_of=str, to_json=lambda item: {"id": item}
    )
    return str(shown["next_cursor"])


def test_a_cursor_goes_on_after_the_last_item_shown() -> None:
    assert parse_cursor(Query(f"cursor={cursor()}"), list_name="posts", shape=PostId) == ID


def test_the_last_page_has_no_cursor() -> None:
    shown = page_json([ID], limit=1, list_name="posts", position_of=str, to_json=lambda item: {"id": item})
    assert shown == {"items": [{"id": ID}], "next_cursor": None}


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={cursor('posts of ada')}"), list_name="posts", shape=PostId)


@pytest.mark.parametrize("place", range(0, len(cursor()), 7))
def test_an_altered_cursor_is_refused(place: int) -> None:
    whole = cursor()
    altered = whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :]
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={altered}"), list_name="posts", shape=PostId)


def test_a_forged_position_that_is_no_id_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={cursor(last='x' * 3000)}"), list_name="posts", shape=PostId)


@given(some.binary(max_size=60))
def test_no_bytes_are_a_cursor_by_accident(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_cursor(Query(f"cursor={urlsafe_b64encode(raw).decode()}"), list_name="posts", shape=PostId)


@pytest.mark.parametrize("value", ["0", "101", "-1", "1.5", "abc", "", "+5", "٣", "1e1", "0x10"])
def test_a_limit_that_is_not_1_to_100_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        parse_limit(Query(f"limit={value}"))


def test_twenty_items_where_nobody_says() -> None:
    assert parse_limit(Query("")) == 20
