"""Views are counted in each process and kept in batches: none is lost to a database that is away, another process, or the end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from monolith.database import UnitOfWork, connect, migrate, unit_of_work
from monolith.embedded_postgres import start, stop
from monolith.trending.store import VIEWS, SqlTrends
from monolith.trending.views import Views
from shared_domain.errors import Unavailable
from shared_domain.trending import WINDOW, Trend, View, last_hour

from .programs import program, signed_in

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POSTS = [f"01M7X1YXN3SBB3DZEFS5FNXBM{letter}" for letter in "VWXYZ"]


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("views") / "postgres"
    url = start(data).get_uri()
    migrate(url)
    yield url
    stop(data)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=4)
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE views")
    yield engine
    engine.dispose()


@pytest.fixture
def work(engine: Engine) -> UnitOfWork[SqlTrends]:
    return unit_of_work(engine, SqlTrends)


def ranking(work: UnitOfWork[SqlTrends]) -> list[Trend]:
    with work() as store:
        return store.most_viewed(last_hour(NOW), 10)


def view(post_id: str = POSTS[0]) -> View:
    return View(post_id=post_id, at=NOW)


def test_processes_that_keep_views_of_the_same_posts_at_once_lose_none(work: UnitOfWork[SqlTrends]) -> None:
    def count(places: range) -> None:
        views = Views(work)
        for place in places:
            for post_id in POSTS[:: 1 if place % 2 else -1]:
                views.record(view(post_id))
            views.flush()

    with ThreadPoolExecutor() as pool:
        list(pool.map(count, [range(25)] * 4))
    assert ranking(work) == [Trend(post_id=post_id, views=100) for post_id in POSTS]


def counted(first: UnitOfWork[SqlTrends], then: UnitOfWork[SqlTrends]) -> list[Trend]:
    """Note a view, fail to flush it in the first transaction, note another, flush in the second one; return the ranking."""
    turns = iter([first, then])

    def begin() -> AbstractContextManager[SqlTrends]:
        return next(turns)()

    views = Views(begin)
    views.record(view())
    with pytest.raises(Unavailable):
        views.flush()
    views.record(view())
    views.flush()
    return ranking(then)


def test_what_a_database_that_is_away_does_not_keep_is_kept_when_it_is_back(work: UnitOfWork[SqlTrends]) -> None:
    nowhere = unit_of_work(connect("postgresql://127.0.0.1:9/none", pool_size=1), SqlTrends)
    assert counted(nowhere, work) == [Trend(post_id=POSTS[0], views=2)]


def test_views_whose_commit_nobody_answered_are_not_counted_twice(work: UnitOfWork[SqlTrends]) -> None:
    @contextmanager
    def lost() -> Iterator[SqlTrends]:
        with work() as kept:
            yield kept
        raise Unavailable("it went away after the commit")

    assert counted(lost, work) == [Trend(post_id=POSTS[0], views=2)]


def test_with_no_room_a_view_is_dropped_and_the_log_tells_how_many(
    work: UnitOfWork[SqlTrends], caplog: pytest.LogCaptureFixture
) -> None:
    views = Views(work, max_entries=2)
    for post_id in [*POSTS, POSTS[0]]:
        views.record(view(post_id))
    views.flush()
    assert [(trend.post_id, trend.views) for trend in ranking(work)] == [(POSTS[0], 2), (POSTS[1], 1)]
    assert [record.message for record in caplog.records] == ["dropped 3 views: the buffer was full"]


def test_windows_that_count_no_more_are_forgotten(engine: Engine, work: UnitOfWork[SqlTrends]) -> None:
    views = Views(work)
    for age in (0, 59, 300):
        views.record(View(post_id=POSTS[0], at=NOW - age * WINDOW))
    views.flush()
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(VIEWS)) == 2
    assert ranking(work) == [Trend(post_id=POSTS[0], views=2)]


@pytest.mark.live
def test_an_end_keeps_the_views_that_were_counted(tmp_path: Path) -> None:
    with program(tmp_path) as running:
        with running.client() as client:
            post = signed_in(client, "viewed").post("/posts", json={"title": "A title", "body": "A body"}).json()
            for _ in range(10):
                assert client.get(f"/posts/{post['id']}").status_code == 200
        running.process.terminate()
        assert running.ended() == 0
    with program(tmp_path) as again, again.client() as client:
        assert [(each["post_id"], each["views"]) for each in client.get("/trending").json()["items"]] == [
            (post["id"], 10)
        ]
