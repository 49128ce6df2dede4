"""The monolith starts, or reports the reason in one line and leaves no process behind."""

import json
import os
import signal
import stat
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy.exc import SQLAlchemyError

from monolith.database import migrate
from monolith.server import listen
from monolith.settings import token_secret

from .conftest import copy_database
from .programs import PORT, START_S, Program, kill_leftovers, run_program, within

SECRET = "s3cret-of-the-database"
INVALID_URLS = {
    "a closed port": f"postgresql://bob:{SECRET}@127.0.0.1:1/x",
    "a port that is not a number": f"postgresql://bob:{SECRET}@127.0.0.1:port/x",
    "not a URL": SECRET,
    "half an IPv6 address": f"postgresql://bob:{SECRET}@[::1/x",
    "another database": f"mysql://bob:{SECRET}@127.0.0.1/x",
    "another driver's closed port": f"postgresql+psycopg2://bob:{SECRET}@127.0.0.1:1/x",
    "a password with an @": f"postgresql://bob:half-of-it@{SECRET}@127.0.0.1:1/x",
    "an unknown option": f"postgresql://bob:{SECRET}@127.0.0.1:1/x?colour=red",
}


def _failure_line(failed: Program) -> str:
    """Return the one line that a failed start prints. Check that it leaves no output, state or process."""
    assert failed.wait() == 1
    (line,) = failed.errors.read_text().splitlines()
    assert line.startswith("monolith: ")
    assert f"(log: {failed.log})" in line
    assert failed.log.read_text()
    assert failed.output.read_text() == ""
    assert not failed.state.exists()
    assert within(5, lambda: not failed.leftovers()), failed.leftovers()
    return line


@pytest.mark.live
def test_the_next_free_port_is_used_printed_and_written_to_the_state_file(tmp_path: Path) -> None:
    with listen("127.0.0.1", PORT) as occupied, run_program(tmp_path, port=occupied.getsockname()[1]) as started:
        url = started.url()
        assert int(url.rpartition(":")[2]) > occupied.getsockname()[1]
        assert within(5, started.output.read_text)
        assert url in started.output.read_text()
        live_url = f"ws{url.removeprefix('http')}/live"
        state = {"url": url, "live_url": live_url, "pid": started.process.pid, "threads": 4}
        assert json.loads(started.state.read_text()) == state
        assert httpx.get(f"{url}/health", timeout=20).json() == {"status": "ok"}


@pytest.mark.live
def test_it_listens_on_loopback_only(running: Program) -> None:
    processes = [psutil.Process(running.process.pid), *running.workers()]
    addresses = {each.laddr.ip for process in processes for each in process.net_connections("tcp") if each.laddr}
    assert addresses == {"127.0.0.1"}


@pytest.mark.live
def test_an_unavailable_database_is_reported_in_one_line_without_the_password(tmp_path: Path) -> None:
    with run_program(tmp_path, database_url=INVALID_URLS["a closed port"]) as failed:
        assert "port 1" in _failure_line(failed)
        assert SECRET not in failed.read_output()


@pytest.mark.parametrize("name", INVALID_URLS)
def test_an_error_about_the_database_url_never_contains_the_password(name: str) -> None:
    with pytest.raises(SQLAlchemyError) as raised:
        migrate(INVALID_URLS[name])
    assert SECRET not in str(raised.value)


@pytest.mark.one_variant
@pytest.mark.live
@pytest.mark.parametrize(
    ("missing", "reason"),
    [("global/pg_control", "could not find the database system"), ("postgresql.conf", "postgresql.conf")],
)
def test_a_damaged_database_reports_the_missing_file(
    tmp_path: Path, initialised: Path, missing: str, reason: str
) -> None:
    (copy_database(initialised, tmp_path) / missing).unlink()
    with run_program(tmp_path) as failed:
        assert reason in _failure_line(failed)


@pytest.mark.live
def test_an_address_of_another_machine_is_reported_in_one_line(tmp_path: Path) -> None:
    with run_program(tmp_path, "--host", "203.0.113.9") as failed:
        assert "203.0.113.9" in _failure_line(failed)


@pytest.mark.live
def test_a_second_start_on_the_same_folder_is_rejected_and_changes_nothing(running: Program) -> None:
    state = running.state.read_text()
    with running.client() as client:
        posts = client.get("/posts").json()
        with run_program(running.run_dir) as second:
            assert second.wait() == 1
            (line,) = second.errors.read_text().splitlines()
            assert "already running" in line
        assert running.state.read_text() == state
        assert client.get("/posts").json() == posts


@pytest.mark.one_variant
@pytest.mark.live
@pytest.mark.parametrize(
    ("file", "number"),
    [
        ("lock", signal.SIGTERM),
        ("postgres.draft/PG_VERSION", signal.SIGINT),
        ("postgres/postmaster.pid", signal.SIGTERM),
    ],
)
def test_an_interrupted_start_leaves_nothing_running(tmp_path: Path, file: str, number: signal.Signals) -> None:
    with kill_leftovers(tmp_path), run_program(tmp_path) as started:
        assert within(START_S, (tmp_path / "monolith" / file).exists)
        os.killpg(started.process.pid, number)
        assert started.wait() in (0, 1, 128 + number)
        assert len(started.errors.read_text().splitlines()) <= 1
        assert within(5, lambda: not started.leftovers()), started.leftovers()
        assert not started.state.exists()


def test_the_token_secret_is_readable_by_its_owner_only_and_reused(tmp_path: Path) -> None:
    (tmp_path / "monolith").mkdir()
    secret = token_secret({}, tmp_path)
    (file,) = (tmp_path / "monolith").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(secret) >= 32
    assert token_secret({}, tmp_path) == secret
    assert token_secret({"TOKEN_SECRET": "given"}, tmp_path) == "given"


def test_no_free_port_is_an_error() -> None:
    with listen("127.0.0.1", 65_535), pytest.raises(OSError, match="no port is free from 65535 to 65535"):
        listen("127.0.0.1", 65_535)
