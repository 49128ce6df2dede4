"""Views are written in batches. None is lost to an unavailable database or another process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select

from monolith.database import UnitOfWork, connect, unit_of_work
from monolith.trending.store import VIEWS, SqlTrends
from monolith.trending.views import Views
from shared_domain.errors import Unavailable
from shared_domain.trending import WINDOW, Trend, View, last_hour

from .conftest import Databases

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POSTS = [f"01M7X1YXN3SBB3DZEFS5FNXBM{letter}" for letter in "VWXYZ"]


@pytest.fixture(scope="module")
def database_url(databases: Databases) -> str:
    return databases.create(template="postgres")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=4)
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE views")
    yield engine
    engine.dispose()


@pytest.fixture
def trends(engine: Engine) -> UnitOfWork[SqlTrends]:
    return unit_of_work(engine, SqlTrends)


def ranking(trends: UnitOfWork[SqlTrends]) -> list[Trend]:
    with trends() as store:
        return store.most_viewed(last_hour(NOW), 10)


def view(post_id: str = POSTS[0]) -> View:
    return View(post_id=post_id, at=NOW)


def test_processes_that_write_views_of_the_same_posts_concurrently_lose_none(trends: UnitOfWork[SqlTrends]) -> None:
    def count(rounds: range) -> None:
        views = Views(trends)
        for n in rounds:
            for post_id in POSTS[:: 1 if n % 2 else -1]:
                views.record(view(post_id))
            views.flush()

    with ThreadPoolExecutor() as pool:
        list(pool.map(count, [range(25)] * 4))
    assert ranking(trends) == [Trend(post_id=post_id, views=100) for post_id in POSTS]


def rank_after_failed_flush(failing: UnitOfWork[SqlTrends], working: UnitOfWork[SqlTrends]) -> list[Trend]:
    """Record a view, fail to flush it, record another one and flush both. Return the ranking."""
    transactions = iter([failing, working])

    def begin() -> AbstractContextManager[SqlTrends]:
        return next(transactions)()

    views = Views(begin)
    views.record(view())
    with pytest.raises(Unavailable):
        views.flush()
    views.record(view())
    views.flush()
    return ranking(working)


def test_views_are_written_once_the_database_is_available_again(trends: UnitOfWork[SqlTrends]) -> None:
    unavailable = unit_of_work(connect("postgresql://127.0.0.1:9/none", pool_size=1), SqlTrends)
    assert rank_after_failed_flush(unavailable, trends) == [Trend(post_id=POSTS[0], views=2)]


def test_views_whose_commit_has_an_unknown_outcome_are_not_counted_twice(trends: UnitOfWork[SqlTrends]) -> None:
    @contextmanager
    def lost() -> Iterator[SqlTrends]:
        with trends() as store:
            yield store
        raise Unavailable("the connection broke after the commit")

    assert rank_after_failed_flush(lost, trends) == [Trend(post_id=POSTS[0], views=2)]


def test_views_beyond_the_buffer_are_dropped_and_logged(
    trends: UnitOfWork[SqlTrends], caplog: pytest.LogCaptureFixture
) -> None:
    views = Views(trends, max_entries=2)
    for post_id in [*POSTS, POSTS[0]]:
        views.record(view(post_id))
    views.flush()
    assert [(trend.post_id, trend.views) for trend in ranking(trends)] == [(POSTS[0], 2), (POSTS[1], 1)]
    assert [record.message for record in caplog.records] == ["dropped 3 views: the buffer was full"]


def test_old_windows_are_deleted(engine: Engine, trends: UnitOfWork[SqlTrends]) -> None:
    views = Views(trends)
    for age in (0, 59, 300):
        views.record(View(post_id=POSTS[0], at=NOW - age * WINDOW))
    views.flush()
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(VIEWS)) == 2
    assert ranking(trends) == [Trend(post_id=POSTS[0], views=2)]
