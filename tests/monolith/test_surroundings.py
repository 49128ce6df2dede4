"""Neither the user's environment nor the names of folders change what the monolith does with its own database."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from monolith import embedded_postgres
from monolith.database import connect
from tests.hostile_environment import FOLDER, variables

from .conftest import Databases, copy_database
from .programs import PROJECT, run_program, sign_in

PARTS = ("monolith", "shared_domain", "docs/openapi.yaml")  # of a clone, which the monolith needs


@pytest.mark.live
def test_a_clone_in_a_folder_with_any_name_starts_in_a_hostile_environment(tmp_path: Path, initialised: Path) -> None:
    private, temporary = tmp_path / "private", tmp_path / ("t" * 120)
    clone = private / FOLDER / ("long" * 30)
    clone.mkdir(parents=True)
    temporary.mkdir()
    private.chmod(0o700)
    for part in PARTS:
        (clone / part).parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-r", PROJECT / part, clone / part], check=True)
    copy_database(initialised, clone / ".run")
    with socket.create_server(("127.0.0.1", 0)) as other:
        environment = variables(other.getsockname()[1]) | {"TMPDIR": str(temporary)}
        with run_program(clone / ".run", project=clone, environment=environment) as started, started.client() as client:
            post = sign_in(client, "somebody").post("/posts", json={"title": "Ein Ä", "body": "…"}).json()
            assert client.get(f"/posts/{post['id']}").json() == post
            assert client.get("/site/index.html").status_code == 200
            assert [stat.S_IMODE(each.stat().st_mode) for each in (private, started.data)] == [0o700, 0o700]
            assert list(temporary.iterdir()) == []
        other.setblocking(False)
        with pytest.raises(BlockingIOError):  # nothing has connected
            other.accept()


def test_a_database_of_the_user_obeys_libpq_except_in_formats(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.create()
    for name, value in {
        "PGOPTIONS": "-c work_mem=5MB",
        "PGAPPNAME": "the user's name",
        "PGTZ": "Asia/Kolkata",
        "PGDATESTYLE": "German, DMY",
        "PGCLIENTENCODING": "LATIN1",
    }.items():
        monkeypatch.setenv(name, value)
    shown = ("work_mem", "application_name", "timezone", "datestyle", "client_encoding", "statement_timeout")
    with connect(url, pool_size=1).connect() as connection:
        values = [connection.scalar(text(f"SHOW {name}")) for name in shown]
    assert values == ["5MB", "the user's name", "UTC", "ISO, DMY", "UTF8", "4s"]


def test_options_of_the_url_come_before_pgoptions(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.create() + "&options=-c%20work_mem%3D6MB"
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=5MB")
    with connect(url, pool_size=1).connect() as connection:
        assert connection.scalar(text("SHOW work_mem")) == "6MB"


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("another-file", "", "is not empty and not a database"),
        ("PG_VERSION", "9\n", "is of PostgreSQL version 9 and not 18"),
    ],
)
def test_a_folder_that_is_no_database_of_this_version_is_rejected_and_unchanged(
    tmp_path: Path, file: str, content: str, reason: str
) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(RuntimeError, match=reason):
        embedded_postgres.start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_folder_whose_name_is_not_utf_8_is_rejected() -> None:
    with pytest.raises(RuntimeError, match=r"not UTF-8: b'/tmp/caf\\xe9'"):
        embedded_postgres.start(Path(os.fsdecode(b"/tmp/caf\xe9")))


def test_a_stale_pid_file_with_the_id_of_another_process_does_not_stop_that_process(
    tmp_path: Path, initialised: Path
) -> None:
    data = copy_database(initialised, tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"]) as other:
        lines = [other.pid, data, 1, 5432, data, "", "0 0", "ready"]
        (data / "postmaster.pid").write_text("\n".join(map(str, lines)))
        try:
            with embedded_postgres.running(data) as url, connect(url, pool_size=1).connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
            assert other.poll() is None
        finally:
            other.kill()
