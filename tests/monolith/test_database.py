"""The schema is migrated once and matches the stores."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from monolith.app import create_app  # imports every store, and so registers every table
from monolith.database import connect, metadata, migrate

from .conftest import Databases
from .programs import run_program, sign_in

VERSIONS = Path(__file__).parents[2] / "monolith" / "migrations" / "versions"
NEWEST = max(file.name for file in VERSIONS.glob("*.py"))[:4]
STARTS = 3
assert create_app


@pytest.fixture
def database_url(databases: Databases) -> str:
    """The URL of a new, empty database."""
    return databases.create()


def test_the_migrations_create_the_tables_of_the_stores(database_url: str) -> None:
    migrate(database_url)
    with connect(database_url, pool_size=1).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert _collations(connection) == {
            (table.name, column.name): getattr(column.type, "collation", None)
            for table in metadata.tables.values()
            for column in table.columns
        }


def test_a_second_migration_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    before = _schema(database_url)
    migrate(database_url)
    assert _schema(database_url) == before
    assert before["versions"] == [NEWEST]


@pytest.mark.deep  # the two monoliths below migrate one empty database together
@pytest.mark.live
def test_concurrent_migrations_wait_for_each_other(database_url: str) -> None:
    with ProcessPoolExecutor(STARTS, get_context("spawn")) as starts:  # Alembic supports one migration per process
        for future in [starts.submit(migrate, database_url) for _ in range(STARTS)]:
            future.result()
    assert _schema(database_url)["versions"] == [NEWEST]


@pytest.mark.live
def test_two_monoliths_that_start_together_share_one_database(tmp_path: Path, database_url: str) -> None:
    with ExitStack() as both:
        left, right = (
            both.enter_context(run_program(tmp_path / name, database_url=database_url)) for name in ("left", "right")
        )
        assert left.url() != right.url()
        with left.client() as writer, right.client() as reader:
            post = sign_in(writer, "writer").post("/posts", json={"title": "A title", "body": "A body"}).json()
            assert reader.get(f"/posts/{post['id']}").json() == post
    with connect(database_url, pool_size=1).connect() as connection:  # they must not have stopped it
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 1


def _schema(database_url: str) -> dict[str, list[str]]:
    with connect(database_url, pool_size=1).connect() as connection:
        tables = inspect(connection)
        return {
            "tables": sorted(tables.get_table_names()),
            "indexes": sorted(
                str(index["name"]) for table in tables.get_table_names() for index in tables.get_indexes(table)
            ),
            "versions": list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars()),
        }


def _collations(connection: Connection) -> dict[tuple[str, str], str | None]:
    query = text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name != 'alembic_version'"
    )
    return {(table, column): collation for table, column, collation in connection.execute(query)}
