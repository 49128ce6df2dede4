"""Run `python -m monolith` in a session of its own, and find every process that it starts by a mark in the environment."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import psutil

from monolith import postgres_server

PROJECT = Path(__file__).parents[2]
PORT = 19000
WORKERS = 2
START_S = 60.0
STOP_S = 30.0
MARK = "MONOLITH_UNDER_TEST"  # every descendant inherits it, except PostgreSQL
PASSWORD = "long enough to be one"


@dataclass(frozen=True, slots=True)
class Program:
    """A started monolith. `output` and `errors` are the files with its stdout and stderr."""

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
        """Wait until the monolith answers and return its URL."""
        assert within(START_S, lambda: self._read_state() or self.process.poll() is not None), f"not in {START_S} s"
        assert self.process.poll() is None, self.errors.read_text()
        return str(self._read_state()["url"])

    @property
    def data(self) -> Path:
        return self.run_dir / "monolith" / "postgres"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url(), timeout=20)

    def workers(self) -> list[psutil.Process]:
        """Wait until there are two workers and return them."""
        assert within(START_S, lambda: len(self._find_workers()) == WORKERS)
        return self._find_workers()

    def postgres(self) -> psutil.Process:
        """Wait until its embedded PostgreSQL runs and return its process."""
        assert within(START_S, lambda: postgres_server.find(self.data) is not None)
        server = postgres_server.find(self.data)
        assert server is not None
        return server

    def interrupt(self) -> None:
        """Press Ctrl-C: every process of the group receives SIGINT."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait until the monolith has ended and return its exit status."""
        return self.process.wait(STOP_S)

    def read_output(self) -> str:
        """Return everything that it wrote to stdout, stderr and its log."""
        files = (self.output, self.errors, self.log)
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def leftovers(self) -> list[str]:
        """Return the command lines of its processes that still run."""
        return [command for process in find_marked(self.run_dir) if (command := " ".join(_command(process)))]

    def _find_workers(self) -> list[psutil.Process]:
        """Return the children that are copies of the monolith's process. PostgreSQL is another child."""
        master = psutil.Process(self.process.pid)
        return [child for child in master.children() if _command(child) == master.cmdline()]

    def _read_state(self) -> dict[str, Any]:
        """Return the content of its state file, or nothing if the file is of an earlier process."""
        try:
            state: dict[str, Any] = json.loads(self.state.read_text())
        except FileNotFoundError:  # a start removes the file of an earlier process
            return {}
        return state if state.get("pid") == self.process.pid else {}


@contextmanager
def run_program(
    run_dir: Path,
    *arguments: str,
    database_url: str | None = None,
    port: int = PORT,
    project: Path = PROJECT,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Program]:
    """Run `python -m monolith` of a project while the block runs, on the port or the next free one.

    environment: further variables.
    """
    run_dir.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "monolith", "--run-dir", str(run_dir), "--port", str(port), *arguments]
    output, errors = (run_dir / f"{time.monotonic_ns()}.{name}" for name in ("out", "err"))
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            command,
            cwd=project,
            env={**_environment(run_dir, database_url), **environment},
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
def kill_leftovers(run_dir: Path) -> Iterator[None]:
    """Kill the processes that a block leaves behind."""
    try:
        yield
    finally:
        for process in find_marked(run_dir):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def find_marked(run_dir: Path) -> list[psutil.Process]:
    """Return the processes with the mark of this run directory, and its PostgreSQL, which inherits no variables."""
    return [
        process for process in psutil.process_iter() if _mark(process) == str(run_dir) or _is_below(process, run_dir)
    ]


def within(seconds: float, condition: Callable[[], Any]) -> bool:
    """Wait until the condition is true, at most `seconds`. Return whether it is."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(met)


def sign_in(client: httpx.Client, username: str) -> httpx.Client:
    """Sign a user up and send the user's token with every request of the client."""
    form = {"username": username, "password": PASSWORD}
    assert client.post("/users", json={**form, "email": f"{username}@example.org"}).status_code == 201
    client.headers["Authorization"] = f"Bearer {client.post('/tokens', json=form).json()['access_token']}"
    return client


def _environment(run_dir: Path, database_url: str | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TOKEN_SECRET")}
    added = {} if database_url is None else {"DATABASE_URL": database_url}
    return {**inherited, **added, MARK: str(run_dir)}


def _is_below(process: psutil.Process, run_dir: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(run_dir)
    except psutil.Error:  # it has ended, or belongs to another user
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended, and may be a zombie
        return []


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:  # it has ended, or belongs to another user
        return None
