"""The cost of twenty times the posts on the services: read units, and times compared with a bare call on the same table.

The tables are the bench's own and have no streams. The local AWS scans a whole partition for every Query, and DynamoDB does not,
so a page misses its target here. The growth of a bare Query is the comparison.
"""

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench import bulk
from tests.bench.function_rows import once
from tests.bench.in_process import Handler
from tests.bench.operations import Operation, reads
from tests.bench.rows import Row
from tests.bench.store_calls import Calls

SMALL, LARGE = 1_000, 20_000
WORDS = 5  # of a post: fewer words load faster, and reads do not depend on them
WARM, TIMED, TIMED_PAGES = 2, 40, 7  # a page takes the local AWS half a second at the larger size
TABLES = {"posts": "bench-posts", "search": "bench-search"}
PAGE = "list_posts"


def rows(dynamodb: Any, handlers: dict[str, Handler], calls: Calls, done: Callable[[], None]) -> Iterator[Row]:
    """Yield the rows. The handlers use TABLES. `done` is called after each size."""
    for table in TABLES.values():
        _make(dynamodb, table)
    last = _loaded(dynamodb, 0, SMALL)
    operations = reads(last)
    before = {one.name: _cost(handlers[one.feature], one, calls) for one in operations}
    bare_before = _bare_page_ms(dynamodb)
    done()
    _loaded(dynamodb, SMALL, LARGE)
    after = {one.name: _cost(handlers[one.feature], one, calls) for one in operations}
    bare = {PAGE: _bare_page_ms(dynamodb) / bare_before}
    done()
    for one in operations:
        yield from _rows(one.name, before[one.name], after[one.name], bare.get(one.name, 1.0))


def _rows(name: str, before: tuple[float, float], after: tuple[float, float], bare: float) -> Iterator[Row]:
    (was_ms, was_units), (ms, units) = before, after
    growth, against = f"from {SMALL:,} to {LARGE:,} posts", f"the same read at {SMALL:,} posts"
    yield Row(
        what=f"services: {name}, growth of the read units {growth}",
        against=against,
        shown=f"{was_units:g} → {units:g} units",
        value=units / was_units,
        reach=1,
        origin="emulated",
    )
    what = f"services: {name}, growth of the p50 {growth}"
    yield _time_row(what, against, ms / was_ms, f"{was_ms:.1f} → {ms:.1f} ms")
    if bare != 1:
        against = "the growth of a bare Query of the same keys"
        yield _time_row(
            f"{what}, compared with a bare Query",
            against,
            ms / was_ms / bare,
            f"the bare Query takes {bare:.1f} times as long",
        )


def _time_row(what: str, against: str, ratio: float, shown: str) -> Row:
    return Row(what=what, against=against, shown=f"{ratio:.2f} ({shown})", value=ratio, reach=1.5, origin="emulated")


def _loaded(dynamodb: Any, first: int, last: int) -> str:
    posts = list(bulk.posts(first, last, words=WORDS))
    bulk.into_dynamodb(dynamodb, posts, posts_table=TABLES["posts"], search_table=TABLES["search"])
    return posts[0].id


def _cost(handler: Handler, one: Operation, calls: Calls) -> tuple[float, float]:
    """Return the median milliseconds of a request, and its consumed units."""
    times = []
    for number in range(WARM + (TIMED_PAGES if one.name == PAGE else TIMED)):
        began = perf_counter()
        once(handler, one, number, calls)
        times.append((perf_counter() - began) * 1000)
    return median(times[WARM:]), calls.units


def _bare_page_ms(dynamodb: Any) -> float:
    times = []
    for _ in range(WARM + TIMED_PAGES):
        began = perf_counter()
        dynamodb.query(
            TableName=TABLES["posts"],
            KeyConditionExpression="pk = :list",
            ExpressionAttributeValues={":list": {"S": bulk.LISTING}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=21,
        )
        times.append((perf_counter() - began) * 1000)
    return median(times[WARM:])


def _make(dynamodb: Any, name: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
