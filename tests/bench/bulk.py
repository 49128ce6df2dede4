"""Write thousands of posts directly into the stores, in the stores' formats: through the API it would take an hour."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import psycopg
from ulid import ULID

from loadtests.data.world import WORDS
from microservices.dynamo import Values, number, text
from microservices.post_item import post_item
from monolith.posts.store import POSTS
from monolith.search.store import SEARCH_INDEX
from shared_domain.contract import times
from shared_domain.posts import Post
from shared_domain.search import weigh

AUTHOR = "somebody"
RARE = ("quixotic", "zanzibar")
RARE_POSTS = 10
LISTING = "all"
BATCH = 25
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
POST_COLUMNS = [column.name for column in POSTS.c]


def posts(first: int, last: int, *, words: int) -> Iterator[Post]:
    """Yield posts first … last - 1, one second apart. words: of each post; four of them are the title.

    The first ten hold two more words that no other post holds.
    """
    for number_of_post in range(first, last):
        draw = Random(number_of_post)
        drawn = draw.choices(WORDS, k=words) + list(RARE if number_of_post < RARE_POSTS else ())
        at = BEGIN + timedelta(seconds=number_of_post)
        yield Post(
            id=str(ULID.from_timestamp(times.to_milliseconds(at))),
            author=AUTHOR,
            title=" ".join(drawn[:4]),
            body=" ".join(drawn[4:]),
            tags=(),
            score=0,
            boosted_until=None,
            created_at=at,
            updated_at=at,
        )


def into_postgres(database_url: str, statistic: Sequence[Post]) -> None:
    """Copy posts and their search entries into the monolith's tables. Vacuum them, so that planner and GIN index know them."""
    plain_url = database_url.replace("+psycopg", "")
    with psycopg.connect(plain_url, autocommit=True) as connection, connection.cursor() as cursor:
        rows = ([_plain(getattr(each, name)) for name in POST_COLUMNS] for each in statistic)
        _copy(cursor, POSTS.name, POST_COLUMNS, rows)
        weights = ([each.id, json.dumps(weigh(title=each.title, body=each.body))] for each in statistic)
        _copy(cursor, SEARCH_INDEX.name, ["post_id", "weights"], weights)
        cursor.execute(f"VACUUM (ANALYZE) {POSTS.name}, {SEARCH_INDEX.name}")
        cursor.execute("CHECKPOINT")  # or it runs during the next measurement


def into_dynamodb(dynamodb: Any, statistic: Sequence[Post], *, posts_table: str, search_table: str) -> None:
    """Write posts, their listing and their search entries in batches."""
    for table, items in (
        (posts_table, (item for each in statistic for item in (post_item(each), _listing(each)))),
        (search_table, (item for each in statistic for item in _search_items(each))),
    ):
        requests: Iterator[dict[str, Any]] = ({"PutRequest": {"Item": item}} for item in items)
        while batch := list(islice(requests, BATCH)):
            dynamodb.batch_write_item(RequestItems={table: batch})


def _copy(cursor: psycopg.Cursor[Any], table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _listing(post: Post) -> Values:
    return {"pk": text(LISTING), "sk": text(post.id)}


def _search_items(post: Post) -> Iterator[Values]:
    yield {**post_item(post), "pk": text(f"post#{post.id}"), "sk": text("snapshot")}
    for term, weight in weigh(title=post.title, body=post.body).items():
        yield {"pk": text(f"term#{term}"), "sk": text(post.id), "weight": number(weight)}
