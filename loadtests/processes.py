"""Background processes: start them, end them with all their descendants, and turn signals into an exception."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

# Each process that starts here gets this variable and passes it on, also to servers that detach, such as PostgreSQL.
# Its value names what the process belongs to.
MARK = "COMPARISON_PART"
ROOT = Path(__file__).resolve().parent.parent
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


def start(command: Sequence[str], *, mark: str, log: Path, env: dict[str, str] | None = None) -> int:
    """Start a process in its own session with its output in `log`, and return its pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {}), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the terminal reaches only us; we end the others in order
        )
    return process.pid


def is_running(pid: int) -> bool:
    """Return whether a process runs. A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(pids: Iterable[int], marks: Iterable[str], *, within_s: float) -> None:
    """Terminate these processes and wait for them; then end their descendants and every process with one of the marks."""
    leaders = [psutil.Process(pid) for pid in pids if is_running(pid)]
    families = [member for leader in leaders for member in family(leader)]
    _each(psutil.Process.terminate, leaders)
    psutil.wait_procs(leaders, timeout=within_s)
    marked = [process for processes in by_mark(marks).values() for process in processes]
    remaining = {*families, *marked}
    _each(psutil.Process.terminate, remaining)
    _, alive = psutil.wait_procs(remaining, timeout=5)
    _each(psutil.Process.kill, alive)
    psutil.wait_procs(alive, timeout=5)


def by_mark(marks: Iterable[str]) -> dict[str, list[psutil.Process]]:
    """Return the processes by mark, including detached ones."""
    by_mark: dict[str, list[psutil.Process]] = {mark: [] for mark in marks}
    for process in psutil.process_iter():
        if (mark := _mark_of(process)) in by_mark:
            by_mark[str(mark)].append(process)
    return by_mark


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
        try:
            send(process)
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
