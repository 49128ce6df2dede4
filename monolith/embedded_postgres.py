"""PostgreSQL 18 from a Python package, for systems without a DATABASE_URL.

Everything is below the folder of the data. See docs/decisions/0027-embedded-postgresql.md.
"""

import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import psutil

from monolith import postgres_server
from monolith.postgres_server import VERSION, Process

_STOP_SECONDS = 10  # for each signal
_PROBE_EVERY_SECONDS = 0.5
_PROBES = 2  # failures in a row that mean a hang: a server that is busy, full or in recovery answers at once
_UNSAFE_IN_A_SHELL = '"$`\\\n'  # initdb puts the path of its folder between double quotes in a shell command
_INITIALISE = (
    "--username=postgres", "--auth=trust",  # only its owner and root can enter the socket's folder
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    "--no-instructions", "--no-sync",  # syncing takes seconds while others write to the disk
)  # fmt: skip
_log = logging.getLogger(__name__)


@contextmanager
def running(data: Path) -> Iterator[str]:
    """Run PostgreSQL while the block runs, and start it again when it ends or hangs. Yield its URL.

    Raise OSError or RuntimeError if it does not start. No process is left running then.
    """
    server, ended = start(data), Event()
    supervisor = Thread(target=_supervise, args=(data.resolve(), server, ended), daemon=True)
    supervisor.start()
    try:
        yield local_url(data)
    finally:
        ended.set()
        supervisor.join(_STOP_SECONDS)
        stop(data)


def start(data: Path) -> Process:
    """Start PostgreSQL with its data and its socket in the folder. It ends with the thread that starts it.

    Stop the server that a killed process left there. Raise OSError or RuntimeError if it does not start.
    """
    data = data.resolve()
    _require_usable(data)
    stop(data)
    data.parent.mkdir(parents=True, exist_ok=True)
    if not (data / "PG_VERSION").exists():
        _initialise(data)
    postgres_server.log_file(data).unlink(missing_ok=True)
    return postgres_server.run(data)


def stop(data: Path) -> None:
    """Stop the PostgreSQL that runs on the folder, if any, no matter which process started it."""
    data = data.resolve()
    for stop_signal in (signal.SIGINT, signal.SIGQUIT):  # a fast shutdown and, if it takes too long, an immediate one
        if (server := postgres_server.find(data)) is None:
            break
        with suppress(psutil.Error):  # it has ended already, or does not end in time
            server.send_signal(signal.SIGCONT)
            server.send_signal(stop_signal)
            server.wait(_STOP_SECONDS)
    postgres_server.kill(data)


def local_url(data: Path) -> str:
    """Return the URL of the PostgreSQL on the folder, and remove libpq's variables from this process's environment.

    They are for other servers: PGHOSTADDR, for example, would send this server's data to another one.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    return f"postgresql://postgres@/postgres?host={quote(os.fsencode(data.resolve()))}"


def _require_usable(data: Path) -> None:
    """Raise RuntimeError if the folder is not one of this PostgreSQL, or if PostgreSQL cannot use its path."""
    try:
        os.fsencode(data).decode()
    except UnicodeDecodeError:
        raise RuntimeError(f"the path of the data is not UTF-8: {os.fsencode(data)!r}") from None
    file = data / "PG_VERSION"
    version = file.read_text(encoding="utf-8").strip() if file.exists() else VERSION
    if version != VERSION:
        raise RuntimeError(f"{data} is of PostgreSQL version {version} and not {VERSION}")
    if data.exists() and not file.exists() and any(data.iterdir()):
        raise RuntimeError(f"{data} is not empty and not a database")


def _initialise(data: Path) -> None:
    """Create the database. It is renamed into place, so that an interrupted call leaves no incomplete database."""
    program = postgres_server.program("initdb")
    if unsafe := set(_UNSAFE_IN_A_SHELL) & set(str(program)):
        raise RuntimeError(f"PostgreSQL's initdb cannot run in a path with {' '.join(map(repr, unsafe))}: {program}")
    draft = data.with_name(f"{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    result = subprocess.run(
        postgres_server.command(draft, program, *_INITIALISE, f"--pgdata={draft.name}"),
        cwd=draft.parent,
        env=postgres_server.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"PostgreSQL was not initialised: {postgres_server.last_error(result.stderr)}")
    draft.rename(data)


def _supervise(data: Path, server: Process, ended: Event) -> None:
    """Start PostgreSQL again when nothing listens on its socket, or when it does not answer for some seconds."""
    while not ended.wait(_PROBE_EVERY_SECONDS):
        fault = _find_fault(data)
        if fault is None:
            continue
        _log.error("PostgreSQL %s and is started again", fault)
        server.poll()  # else it stays a zombie
        try:
            postgres_server.kill(data)
            server = postgres_server.run(data)
        except (OSError, RuntimeError) as error:
            _log.error("PostgreSQL was not started again: %s", error)


def _find_fault(data: Path) -> str | None:
    """Return what is wrong with the server, or None if it answers."""
    for _ in range(_PROBES):
        answers = postgres_server.probe(data)
        if answers is not None:
            return None if answers else "has ended"
    return "hangs"
