"""A row that is read for update makes a second writer wait, so that no change overwrites another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from monolith.database import connect
from monolith.posts.store import SqlPosts
from monolith.users.store import SqlUsers
from shared_domain.errors import NotFound
from shared_domain.posts import Post, compose
from shared_domain.users import User

from .conftest import Databases
from .programs import within

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POST = compose(id="01M7X1YXN3SBB3DZEFS5FNXBMV", author="ada", title="Title", body="Body", now=NOW)
ADA = User(
    id=POST.id,
    username="ada",
    email="ada@example.org",
    display_name="",
    bio="",
    credits=0,
    password_hash="hash",
    created_at=NOW,
)
DEADLINE_S = 10

Change = Callable[[Connection, str], None]


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[Engine]:
    engine = connect(databases.create(template="postgres"), pool_size=3)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database: Engine) -> Engine:
    with database.begin() as connection:
        connection.exec_driver_sql("TRUNCATE users, posts CASCADE")
        SqlUsers(connection).add(ADA)
        SqlPosts(connection).add(POST)
    return database


def append_to_title(connection: Connection, letter: str) -> None:
    post: Post = SqlPosts(connection).get_for_update(POST.id)
    SqlPosts(connection).save(replace(post, title=post.title + letter))


def append_to_titles(connection: Connection, letter: str) -> None:
    for post in SqlPosts(connection).get_many_for_update([POST.id]):
        SqlPosts(connection).save(replace(post, title=post.title + letter))


def append_to_bio(connection: Connection, letter: str) -> None:
    user = SqlUsers(connection).get_for_update("ada")
    SqlUsers(connection).save(replace(user, bio=user.bio + letter))


def withdraw(connection: Connection, letter: str) -> None:
    SqlPosts(connection).remove(SqlPosts(connection).get_for_update(POST.id))


def run_second_while_first_is_open(engine: Engine, first: Change, second: Change) -> None:
    """Start the second change once the first has locked its row, and commit the first once the second waits for it."""

    def run_second() -> None:
        with engine.begin() as connection:
            second(connection, "2")

    with ThreadPoolExecutor(1) as pool, engine.begin() as connection:
        first(connection, "1")
        running = pool.submit(run_second)
        assert within(DEADLINE_S, lambda: _somebody_waits(engine))
        connection.commit()
        running.result(DEADLINE_S)


@pytest.mark.parametrize("append", [append_to_title, append_to_titles])
def test_two_changes_of_a_post_are_both_stored(engine: Engine, append: Change) -> None:
    run_second_while_first_is_open(engine, append, append)
    with engine.begin() as connection:
        assert SqlPosts(connection).get(POST.id).title == "Title12"


def test_two_changes_of_a_profile_are_both_stored(engine: Engine) -> None:
    run_second_while_first_is_open(engine, append_to_bio, append_to_bio)
    with engine.begin() as connection:
        assert SqlUsers(connection).get("ada").bio == "12"


def test_a_change_of_a_post_that_is_withdrawn_meanwhile_finds_no_post(engine: Engine) -> None:
    with pytest.raises(NotFound):
        run_second_while_first_is_open(engine, withdraw, append_to_title)


def _somebody_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
