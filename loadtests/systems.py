"""Both systems as background processes: up, down, and up for the length of a comparison."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from loadtests import interrupts, processes
from loadtests.errors import RunError

READY_WITHIN_S = 90.0
ENDED_WITHIN_S = 25.0
ADMINISTRATOR = "admin"  # of both systems, so that the contract can be asked what only administrators may


class SystemFailed(RunError):
    """A system did not start, or went away. The message is one line: the reason, and where the log is."""


@dataclass(frozen=True, slots=True)
class System:
    """One side. `command` runs it in the foreground; it writes `<run-dir>/<name>.json` once it answers."""

    name: str
    command: tuple[str, ...]

    def state(self, run_dir: Path) -> Path:
        """Return the file with the URL and the pid of the running system."""
        return run_dir / f"{self.name}.json"

    def pid_file(self, run_dir: Path) -> Path:
        """Return the file with the pid of the system from its start on."""
        return run_dir / self.name / "pid"

    def log(self, run_dir: Path) -> Path:
        """Return the file that takes the system's own output."""
        return run_dir / self.name / "start.log"

    def mark(self, run_dir: Path) -> str:
        """Return what all processes of this system carry in their environment."""
        return f"{self.name} of {run_dir.resolve()}"


MONOLITH = System("monolith", (sys.executable, "-m", "monolith"))
MICROSERVICES = System("microservices", (sys.executable, "-m", "microservices"))
BOTH = (MONOLITH, MICROSERVICES)


def running_url(system: System, run_dir: Path) -> str | None:
    """Return the base URL of a system that runs, or None; the state that a killed one left is removed."""
    state = system.state(run_dir)
    try:
        known = json.loads(state.read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # absent, or just being written
        return None
    if _is_ours(known["pid"], system):
        return str(known["url"])
    state.unlink(missing_ok=True)
    return None


def live_url(system: System, run_dir: Path) -> str:
    """Return the address of the live feed of a system that runs, or nothing where it names none."""
    return str(json.loads(system.state(run_dir).read_text()).get("live_url", ""))


def up(run_dir: Path, systems: Sequence[System] = BOTH) -> tuple[dict[str, str], list[str]]:
    """Start what does not run yet. Return the URLs by name, and the names of those that were started.

    Raise SystemFailed if one does not start; then whatever this call started has been ended again.
    """
    missing = [system for system in systems if running_url(system, run_dir) is None]
    try:
        pids = {system: _start(system, run_dir) for system in missing}
        for system, pid in pids.items():
            _await_ready(system, pid, run_dir)
    except BaseException:  # also Ctrl-C: half a stack is of no use to anybody
        with interrupts.ignored():
            _end(missing, run_dir)
        raise
    urls = {system.name: running_url(system, run_dir) or "" for system in systems}
    (run_dir / "stack.json").write_text(json.dumps(urls) + "\n")
    return urls, [system.name for system in missing]


def down(run_dir: Path, systems: Sequence[System] = BOTH) -> list[str]:
    """End the systems of a run directory and everything they started; return the names of those that ran."""
    names = [system.name for system in systems if running_url(system, run_dir) is not None]
    (run_dir / "stack.json").unlink(missing_ok=True)
    _end(systems, run_dir)
    return names


@contextmanager
def running(run_dir: Path, systems: Sequence[System]) -> Iterator[dict[str, str]]:
    """Keep systems up for a block of code and end them after it, whatever happens; gives their URLs by name."""
    try:
        yield up(run_dir, systems)[0] if systems else {}
    finally:
        with interrupts.ignored():
            down(run_dir, systems)


def _start(system: System, run_dir: Path) -> int:
    system.state(run_dir).unlink(missing_ok=True)
    command = [*system.command, "--run-dir", str(run_dir.resolve())]
    environment = {"ADMINISTRATORS": ADMINISTRATOR}
    pid = processes.start(command, mark=system.mark(run_dir), log=system.log(run_dir), env=environment)
    system.pid_file(run_dir).write_text(str(pid))
    return pid


def _await_ready(system: System, pid: int, run_dir: Path) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while running_url(system, run_dir) is None:
        if not processes.is_running(pid):
            raise SystemFailed(_failure(system, run_dir, "it ended at once"))
        if monotonic() > deadline:
            raise SystemFailed(_failure(system, run_dir, f"no answer in {READY_WITHIN_S:.0f} s"))
        sleep(0.05)


def _failure(system: System, run_dir: Path, otherwise: str) -> str:
    log = system.log(run_dir)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"{system.name} did not start: {lines[-1].strip() if lines else otherwise} (log: {log})"


def _end(systems: Iterable[System], run_dir: Path) -> None:
    chosen = list(systems)
    pids = [pid for system in chosen if (pid := _recorded(system, run_dir)) and _is_ours(pid, system)]
    processes.end(pids, [system.mark(run_dir) for system in chosen], within_s=ENDED_WITHIN_S)
    for system in chosen:
        system.state(run_dir).unlink(missing_ok=True)
        system.pid_file(run_dir).unlink(missing_ok=True)


def _recorded(system: System, run_dir: Path) -> int:
    try:
        return int(system.pid_file(run_dir).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _is_ours(pid: int, system: System) -> bool:
    """A pid is given again to somebody else one day: what runs must be what was started."""
    try:
        return processes.is_running(pid) and system.command[-1] in psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False
