"""Run a command, and end it with all its descendants when its parent ends: `python -m loadtests.supervisor FD COMMAND…`.

FD is a file that stays locked as long as this process or the command runs. It has the pid of this process and of its parent.
Standard input is a pipe from the parent. The kernel closes it however the parent ends, also by `kill -9`; then the command is
terminated. If the parent writes a line to it, the command continues without the parent, as after `make up`. SIGTERM ends both.
"""

import ctypes
import os
import signal
import subprocess
import sys
from threading import Thread
from types import FrameType

import psutil

STOP_SECONDS = 25  # for an orderly shutdown of the command; SIGKILL follows
REST_SECONDS = 5  # for descendants that are left
ROUNDS = 3  # a killed process leaves orphans, which become children
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)


def main(lock: int, command: list[str]) -> int:
    """Run the command and return its exit status, once no descendant is left."""
    _write(lock, os.getpid(), os.getppid())
    # Orphaned descendants become children of this process, such as the database of a monolith that was killed.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[lock], preexec_fn=end_with_parent)  # noqa: PLW1509 - no threads yet

    def stop(*_: FrameType | int | None) -> None:
        signal.alarm(STOP_SECONDS)
        child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, lambda *_: child.kill())
    Thread(target=_follow_parent, args=(lock,), daemon=True).start()
    while (ended := os.wait())[0] != child.pid:  # others are orphans
        pass
    child.returncode = os.waitstatus_to_exitcode(ended[1])
    _end_descendants()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _follow_parent(lock: int) -> None:
    if sys.stdin.readline():
        _write(lock, os.getpid())
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def _write(lock: int, *pids: int) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, " ".join(map(str, pids)).encode(), 0)


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Let the kernel send this process a signal when its parent ends, however that ends."""
    _prctl(PR_SET_PDEATHSIG, number)


def _end_descendants() -> None:
    for _ in range(ROUNDS):
        left = psutil.Process().children(recursive=True)
        for process in left:
            _send(process, signal.SIGTERM)
        _, alive = psutil.wait_procs(left, timeout=REST_SECONDS)
        for process in alive:
            _send(process, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=REST_SECONDS)


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
