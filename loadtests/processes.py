"""Background processes and threads: start them under a supervisor, end them with all descendants, raise signals."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from types import FrameType
from typing import IO, TypeVar
from urllib.parse import urlsplit

import psutil

Made = TypeVar("Made")

ROOT = Path(__file__).resolve().parent.parent
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
POLL_S, KILLED_WITHIN_S = 0.02, 5
_NOT_INHERITED = ("PYTHON", "LOCUST_", "GEVENT", "PYTEST_", "GIT_")
_locks: list[int] = []  # files that stay locked until this process ends


class Interrupted(BaseException):
    """A signal ended the run. number: of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def raise_interrupts() -> None:
    """Raise Interrupted in the main thread on Ctrl-C, SIGTERM and a closed terminal, so that `finally` blocks run."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _raise)


@contextmanager
def ignore_interrupts() -> Iterator[None]:
    """Ignore these signals in a block of code: a second Ctrl-C must not leave half of the processes behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def start(
    command: Sequence[str], lock: Path, *, output: IO[bytes] | int, env: dict[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a command under a supervisor, which ends it with all its descendants when this process ends.

    lock: a file that stays locked until both have ended. output: where both streams go; PIPE for the caller. Raise BlockingIOError
    if the lock is held.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.truncate(0)  # until the supervisor has written its pid
        return subprocess.Popen(
            [sys.executable, "-m", "loadtests.supervisor", str(held.fileno()), *command],
            cwd=ROOT,
            env=environment() | (env or {}),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            pass_fds=[held.fileno()],  # a lock of flock(2) lasts as long as any process has the open file
            start_new_session=True,  # Ctrl-C at the terminal reaches only us; we end the others in order
        )


def environment() -> dict[str, str]:
    """Return the environment of the programs that we start: this one without variables that change Python, Locust, pytest or Git.

    The local systems are never behind a proxy. Each system ignores other variables itself, even if a user starts it.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    direct = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), *LOCAL_HOSTS)))
    return {**inherited, "PYTHONUTF8": "1", "NO_PROXY": direct, "no_proxy": direct}


def is_remote(url: str) -> bool:
    """Return whether a URL is not on this machine's loopback. Only then do the user's proxies and .netrc apply."""
    return urlsplit(url).hostname not in LOCAL_HOSTS


def detach(process: "subprocess.Popen[str]", lock: Path) -> None:
    """Let a started command continue after this process has ended."""
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError), process.stdin as control:
        control.write("detach\n")
    while process.poll() is None and not is_detached(lock):
        sleep(POLL_S)


def is_detached(lock: Path) -> bool:
    """Return whether the command that holds a lock runs on without the process that started it."""
    return supervisor(lock) is not None and len(lock.read_text(encoding="utf-8").split()) == 1


def parent_of(lock: Path) -> psutil.Process | None:
    """Return the process with which the command that holds a lock ends. None if there is none, or if that has ended."""
    with suppress(psutil.NoSuchProcess, ValueError):
        if leader := supervisor(lock):
            _, parent = map(int, lock.read_text(encoding="utf-8").split())
            return psutil.Process(parent) if leader.ppid() == parent else None
    return None


def supervisor(lock: Path) -> psutil.Process | None:
    """Return the supervisor that holds a lock, or None if nothing does or its supervisor was killed."""
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return psutil.Process(int(lock.read_text(encoding="utf-8").split()[0])) if is_locked(lock) else None
    return None


def is_locked(file: Path) -> bool:
    """Return whether a process holds the lock of a file."""
    with suppress(FileNotFoundError), file.open("rb") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of a file for the length of a block, after waiting for it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def lock_until_exit(file: Path) -> None:
    """Hold the lock of a file until this process ends."""
    _locks.append(os.open(file, os.O_CREAT | os.O_RDWR))
    fcntl.flock(_locks[-1], fcntl.LOCK_EX)


def end(locks: Sequence[Path], *, within_s: float) -> None:
    """Terminate the commands that hold these locks with all their descendants, and wait for them. Kill what does not end."""
    deadline, signalled = monotonic() + within_s, set[psutil.Process]()
    while (held := [lock for lock in locks if is_locked(lock)]) and monotonic() < deadline + KILLED_WITHIN_S:
        if monotonic() > deadline:
            _each(psutil.Process.kill, [member for process in signalled for member in family(process)])
        for process in {*filter(None, map(supervisor, held))} - signalled:
            signalled.add(process)
            _each(psutil.Process.terminate, [process])
        sleep(POLL_S)


def on_sides(sides: Sequence[str], work: Callable[[str], Made]) -> dict[str, Made]:
    """Call a function for each side at the same time, and return its results by side."""
    started = {side: in_background(partial(work, side)) for side in sides}
    return {side: future.result() for side, future in started.items()}


def in_background(work: Callable[[], Made]) -> Future[Made]:
    """Run a function in a thread that does not outlive an interrupted command."""
    future: Future[Made] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def is_running(pid: int) -> bool:
    """Return whether a process runs. A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(leader: psutil.Process) -> list[psutil.Process]:
    """Return a process and its descendants, or nothing if it has ended."""
    try:
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _raise(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


def _each(send: Callable[[psutil.Process], None], processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            send(process)
