"""`make doctor`: say in ten lines what is missing on this machine, and how to fix it.

Standard library only, because nothing is installed yet.
"""

import errno
import os
import platform
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = (3, 11), (3, 13)  # the bundle has wheels for these
PORTS = {8000: "the monolith", 4566: "the local AWS"}
NEXT_PORTS = 20  # that a system tries, if its own is in use
MEMORY_GB, DISK_GB = 2.0, 3.0  # for both systems; for environments (0.8 GB), bundle, run data and copies
LONGEST_PATH = 150  # interpreters' paths in the first line of a script must be below 256 bytes on Linux
UNSAFE = set('"$`\\\n')  # initdb passes its path to a shell
OPEN_FILES = 1024
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the project needs. mend: what to do if it is not fine."""

    name: str
    fine: bool
    state: str
    mend: str


def findings() -> list[Finding]:
    """Return ten findings about this machine."""
    return [
        _system(), _python(), _tools(), _ports(), _memory(), _disk(), _path(), _permissions(), _open_files(), _environments(),
    ]  # fmt: skip


def line(finding: Finding) -> str:
    """Return a finding as one line."""
    advice = "" if finding.fine else f": {finding.mend}"
    return f"{'ok  ' if finding.fine else 'MEND'}  {finding.name:<13} {finding.state}{advice}"


def main() -> int:
    """Print the findings. Return 1 if something must be fixed."""
    every = findings()
    for each in every:
        print(line(each))
    return 0 if all(each.fine for each in every) else 1


def _system() -> Finding:
    name = f"{platform.system()} on {platform.machine()}"
    mend = "use Linux, or on Windows WSL2 (docs/workshop/windows.md): the embedded database needs /proc"
    return Finding("system", platform.system() == "Linux", name, mend)


def _python() -> Finding:
    version, wanted = sys.version_info[:2], f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return Finding(
        "Python", OLDEST <= version <= NEWEST, platform.python_version(), f"run make with PYTHON=…, Python {wanted}"
    )


def _tools() -> Finding:
    missing = [name for name in ("git", "make") if not shutil.which(name)]
    return Finding("programs", not missing, f"no {', '.join(missing)}" if missing else "git, make", "install them")


def _ports() -> Finding:
    free = {port: _free_port(port) for port in PORTS}
    words = ", ".join(f"{port or 'none'} for {PORTS[first]}" for first, port in free.items())
    mend = f"end what listens on {' and '.join(f'{port} to {port + NEXT_PORTS - 1}' for port in PORTS)}"
    return Finding("ports", all(free.values()), words, mend)


def _memory() -> Finding:
    free = _available_memory()
    words = f"{free / _GIB:.1f} GB available, {MEMORY_GB:g} needed" if free else "unknown"
    return Finding(
        "memory", free is None or free >= MEMORY_GB * _GIB, words, "end other programs, or run one system at a time"
    )


def _disk() -> Finding:
    free = shutil.disk_usage(CLONE).free
    words = f"{free / _GIB:.1f} GB free, {DISK_GB:g} needed"
    return Finding("disk", free >= DISK_GB * _GIB, words, f"free space on the disk of {CLONE}")


def _path() -> Finding:
    length, unsafe = len(os.fsencode(CLONE)), UNSAFE & set(str(CLONE))
    words = f"{length} bytes, at most {LONGEST_PATH}" if not unsafe else f"has {' '.join(map(repr, sorted(unsafe)))}"
    return Finding("path", length <= LONGEST_PATH and not unsafe, words, "clone into another folder, such as ~/mm")


def _permissions() -> Finding:
    refused = [str(folder) for folder in (CLONE, CLONE / ".run") if folder.exists() and not os.access(folder, os.W_OK)]
    words = f"cannot write {', '.join(refused)}" if refused else "the clone can be written"
    return Finding("permissions", not refused, words, "make the folder yours, or clone as your own user")


def _open_files() -> Finding:
    import resource  # noqa: PLC0415  Windows has no such module, and gets the line about the system

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    enough = soft == resource.RLIM_INFINITY or soft >= OPEN_FILES
    return Finding("open files", enough, f"{soft} at once, {OPEN_FILES} needed", f"ulimit -n {OPEN_FILES}")


def _environments() -> Finding:
    broken = [name for name in (".venv", ".venv-aws") if not _runs(CLONE / name / "bin" / "python")]
    words = f"no {', '.join(broken)}" if broken else "both are installed"
    return Finding("environments", not broken, words, "make setup, without a network OFFLINE=… of the bundle")


def _runs(python: Path) -> bool:
    """Return whether an interpreter starts. A copied environment has the paths of another machine."""
    try:
        return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _free_port(first: int) -> int | None:
    for port in range(first, first + NEXT_PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
            else:
                return port
    return None


def _available_memory() -> int | None:
    """Return the bytes that programs can still get, None where the system does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            values = {name: int(rest.split()[0]) for name, _, rest in (row.partition(":") for row in file)}
    except OSError:
        return None
    return values["MemAvailable"] * 1024


if __name__ == "__main__":
    sys.exit(main())
