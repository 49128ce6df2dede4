"""Run a program of PostgreSQL: it ends with the process that started it, and root runs it without root's rights.

PostgreSQL refuses to run as root. In a user namespace the process is nobody, but the files that it writes are root's, and it enters
root's private folders. Where namespaces are forbidden, as in most containers, it runs as the user nobody and owns its data.

postgres_server.py runs this file by its path with `python -I -S`, which ignores the user's environment and starts in 15 ms.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

_ROOT = 0
_NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_libc = ctypes.CDLL(None)


def main() -> None:
    """Replace this process with a program. Arguments: the parent's process id, the folder of the data, the command."""
    parent, data, *command = sys.argv[1:]
    if os.geteuid() == _ROOT:
        _drop_root(Path(data))
    # SIGTERM lets the sessions of the monolith's workers end, as their current requests need the database.
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)  # after the change of the user, which would clear it
    if os.getppid() != int(parent):
        sys.exit("the parent process has ended")
    try:
        os.execv(command[0], command)  # noqa: S606  it is PostgreSQL's program
    except OSError as error:
        sys.exit(f"error: user {os.geteuid()} cannot run {command[0]}: {error.strerror}")


def _drop_root(data: Path) -> None:
    _own(data, _ROOT, _ROOT)
    if _libc.unshare(_NEW_USER_NAMESPACE) == 0:
        return
    nobody = pwd.getpwnam("nobody")
    _own(data, nobody.pw_uid, nobody.pw_gid)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    if not os.access(data, os.X_OK):
        sys.exit(f"error: PostgreSQL runs as the user nobody here, who cannot enter {data}")


def _own(folder: Path, user: int, group: int) -> None:
    """Change the owner of the folder and everything in it, unless it is the owner already."""
    if folder.stat().st_uid != user:
        for path in (*folder.rglob("*"), folder):  # the folder last: an interrupted change starts again
            os.lchown(path, user, group)


if __name__ == "__main__":
    main()
