"""Background processes that are ended whole: with their children, and with what their children left behind."""

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil

# Every process that is started here carries this variable, and so do its descendants, also those that a server
# such as PostgreSQL detaches from their parent. Its value says what the process belongs to.
MARK = "COMPARISON_PART"
ROOT = Path(__file__).resolve().parent.parent


def start(command: Sequence[str], *, mark: str, log: Path, env: dict[str, str] | None = None) -> int:
    """Start a process in a session of its own, its output in `log`, and return its pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {}), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the terminal is for us; we end the others in order
        )
    return process.pid


def is_running(pid: int) -> bool:
    """Say whether a process runs; one that has ended but was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(pids: Iterable[int], marks: Iterable[str], *, within_s: float) -> None:
    """Ask these processes to end, give them so many seconds, then end their children and all that carry a mark."""
    leaders = [psutil.Process(pid) for pid in pids if is_running(pid)]
    families = [member for leader in leaders for member in family(leader)]
    _each(psutil.Process.terminate, leaders)
    psutil.wait_procs(leaders, timeout=within_s)
    wanted = set(marks)
    left = {*families, *(process for process in psutil.process_iter() if _mark_of(process) in wanted)}
    _each(psutil.Process.terminate, left)
    _, alive = psutil.wait_procs(left, timeout=5)
    _each(psutil.Process.kill, alive)
    psutil.wait_procs(alive, timeout=5)


def carrying(marks: Iterable[str]) -> dict[str, list[psutil.Process]]:
    """Return the processes that carry each mark, also those that were detached."""
    found: dict[str, list[psutil.Process]] = {mark: [] for mark in marks}
    for process in psutil.process_iter():
        if (mark := _mark_of(process)) in found:
            found[str(mark)].append(process)
    return found


def family(leader: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that descend from it; nothing of one that has ended."""
    try:
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _each(signal: Callable[[psutil.Process], None], processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            signal(process)
        except psutil.NoSuchProcess:  # it was faster
            continue


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
