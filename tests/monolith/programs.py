"""`python -m monolith` as these tests run it: in a session of its own, with every process that it starts known by a mark."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

PROJECT = Path(__file__).parents[2]
PORT = 19000
WORKERS = 2
START_S = 60.0
STOP_S = 30.0
MARK = "MONOLITH_UNDER_TEST"  # in the environment, which every descendant inherits, also a PostgreSQL that left its session
PASSWORD = "long enough to be one"


@dataclass(frozen=True, slots=True)
class Program:
    """A monolith that was started; `output` and `errors` hold what it says to a terminal."""

    process: subprocess.Popen[bytes]
    run_dir: Path
    output: Path
    errors: Path

    @property
    def state(self) -> Path:
        return self.run_dir / "monolith.json"

    @property
    def log(self) -> Path:
        return self.run_dir / "monolith" / "server.log"

    def url(self) -> str:
        """Return where it answers, once it does."""
        assert within(START_S, lambda: self._announced() or self.process.poll() is not None), f"not in {START_S} s"
        assert self.process.poll() is None, self.errors.read_text()
        return str(self._announced()["url"])

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url(), timeout=20)

    def workers(self) -> list[psutil.Process]:
        """Return its two workers, as soon as there are two."""
        master = psutil.Process(self.process.pid)
        assert within(START_S, lambda: len(master.children()) == WORKERS)
        return master.children()

    def interrupt(self) -> None:
        """Press Ctrl-C: the whole group hears of it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self) -> int:
        """Return the status it ends with."""
        return self.process.wait(STOP_S)

    def said(self) -> str:
        """Return all that it wrote anywhere but into its database."""
        files = (self.output, self.errors, self.log)
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def left(self) -> list[str]:
        """Return the command lines of what it started and what still runs."""
        return [" ".join(process.cmdline()) for process in marked(self.run_dir)]

    def _announced(self) -> dict[str, Any]:
        """Return what it announces of itself, nothing while only one that was killed has."""
        told: dict[str, Any] = json.loads(self.state.read_text()) if self.state.exists() else {}
        return told if told.get("pid") == self.process.pid else {}


@contextmanager
def program(run_dir: Path, *arguments: str, database_url: str | None = None, port: int = PORT) -> Iterator[Program]:
    """Run `python -m monolith` while the block lasts, on the port or the next free one."""
    run_dir.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "monolith", "--run-dir", str(run_dir), "--port", str(port), *arguments]
    output, errors = (run_dir / f"{time.monotonic_ns()}.{name}" for name in ("out", "err"))
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=_environment(run_dir, database_url),
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    try:
        yield Program(process, run_dir, output, errors)
    finally:
        process.terminate()
        process.wait(STOP_S)


@contextmanager
def nothing_left(run_dir: Path) -> Iterator[None]:
    """End by force what a block that kills leaves behind."""
    try:
        yield
    finally:
        for process in marked(run_dir):
            process.kill()


def marked(run_dir: Path) -> list[psutil.Process]:
    """Return the processes that carry the mark of this run directory."""
    return [process for process in psutil.process_iter() if _mark(process) == str(run_dir)]


def within(seconds: float, true: Callable[[], Any]) -> bool:
    """Wait until it is true, so many seconds at most; tell whether it is."""
    deadline = time.monotonic() + seconds
    while not (now := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(now)


def signed_in(client: httpx.Client, username: str) -> httpx.Client:
    """Sign somebody up and let the client act in that name."""
    form = {"username": username, "password": PASSWORD}
    assert client.post("/users", json={**form, "email": f"{username}@example.org"}).status_code == 201
    client.headers["Authorization"] = f"Bearer {client.post('/tokens', json=form).json()['access_token']}"
    return client


def _environment(run_dir: Path, database_url: str | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TOKEN_SECRET")}
    named = {} if database_url is None else {"DATABASE_URL": database_url}
    return {**inherited, **named, MARK: str(run_dir)}


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:  # it has ended, or is somebody else's
        return None
