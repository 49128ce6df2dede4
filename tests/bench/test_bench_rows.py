"""Rows about events: each one misses its target if its promise is broken."""

import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from loadtests.calls.users import PNG
from shared_domain.avatars import MAX_PICTURE_BYTES, thumbnail
from tests.bench import order_rows, thumbnail_rows
from tests.bench.closed import Request
from tests.bench.live_rows import rows as live_rows
from tests.bench.package_rows import megabytes
from tests.bench.rows import Row
from tests.loadtests.planted_feed import Copies, feeding


@pytest.mark.parametrize(
    ("made", "reached"),
    [
        (["TransactWriteItems"], True),
        (["GetItem", "TransactWriteItems"], False),
        (["PutItem"], False),
        (["TransactWriteItems", "TransactWriteItems"], False),
    ],
)
def test_an_order_placed_is_one_transaction_and_nothing_else(made: list[str], reached: bool) -> None:
    assert order_rows.placed(made).reached is reached


def test_the_photograph_is_just_below_the_size_limit_of_avatars() -> None:
    picture = thumbnail_rows.photograph()
    assert 0.8 * MAX_PICTURE_BYTES < len(picture) <= MAX_PICTURE_BYTES
    assert thumbnail(picture).startswith(PNG)
    with Image.open(BytesIO(picture)) as opened:
        assert opened.width * opened.height == 12_000_000


def rows_of_feed(copies: Copies) -> list[Row]:
    with feeding(copies) as url:
        return list(live_rows("monolith", url, url.replace("http", "ws") + "/live", token="t", reach=5))


@pytest.fixture(scope="module")
def correct() -> list[Row]:
    return rows_of_feed(lambda message, subscriber: 1)


def test_two_hundred_connections_receive_every_message_once(correct: list[Row]) -> None:
    messages, lag = correct
    assert messages.reached
    assert messages.shown == "0 lost, 0 sent twice, of 2,400"
    assert lag.reached


def test_a_message_lost_for_one_of_two_hundred_and_those_sent_twice_to_another_are_counted() -> None:
    sent = Counter[int]()

    def copies(message: dict[str, Any], subscriber: int) -> int:
        sent[subscriber] += 1
        if subscriber == 18:
            return 2
        return int(not (subscriber == 17 and sent[subscriber] == 12))

    messages, _ = rows_of_feed(copies)
    assert messages.shown == "1 lost, 12 sent twice, of 2,400"
    assert not messages.reached


def test_headers_of_a_request_are_sent() -> None:
    raw = Request(base_url="http://127.0.0.1:1", path="/", headers={"Sec-Purpose": "prefetch"}).raw()
    assert b"\r\nSec-Purpose: prefetch\r\n" in raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def test_pillow_is_counted_apart_from_the_rest_of_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as made:
        made.writestr("PIL/Image.py", "x" * 3_000_000)
        made.writestr("microservices/a.py", "x" * 1_000_000)
    sizes = [megabytes(tmp_path / "some.zip", pillow=pillow) for pillow in (True, False)]
    assert sizes == [3.0, 1.0]
