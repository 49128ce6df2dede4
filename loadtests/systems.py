"""Start and stop both systems as background processes, and check that a URL serves this contract."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import yaml

from loadtests import processes
from loadtests.errors import ParityError, RunError
from loadtests.processes import ROOT, ignore_interrupts

READY_WITHIN_S = 90.0
ENDED_WITHIN_S = 25.0
ANSWER_WITHIN_S = 10.0
ADMINISTRATOR = "admin"  # on both systems, for the contract's administrator operations


class SystemFailed(RunError):
    """A system did not start, or stopped answering. The message gives the reason and the log's path."""


class WrongContract(ParityError):
    """A URL serves another API or another version of this contract."""


@dataclass(frozen=True, slots=True)
class System:
    """One side. `command` runs it in the foreground. It writes `<run-dir>/<name>.json` once it answers."""

    name: str
    command: tuple[str, ...]

    def state(self, run_dir: Path) -> Path:
        """Return the file with the running system's URL and pid."""
        return run_dir / f"{self.name}.json"

    def pid_file(self, run_dir: Path) -> Path:
        """Return the file with the system's pid, written at its start."""
        return run_dir / self.name / "pid"

    def log(self, run_dir: Path) -> Path:
        """Return the file with the system's output."""
        return run_dir / self.name / "start.log"

    def mark(self, run_dir: Path) -> str:
        """Return the value of processes.MARK in all processes of this system."""
        return f"{self.name} of {run_dir.resolve()}"


MONOLITH = System("monolith", (sys.executable, "-m", "monolith"))
MICROSERVICES = System("microservices", (sys.executable, "-m", "microservices"))
BOTH = (MONOLITH, MICROSERVICES)


def running_url(system: System, run_dir: Path) -> str | None:
    """Return a running system's base URL, or None. Remove the state file of a killed one."""
    state = system.state(run_dir)
    try:
        content = json.loads(state.read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # absent, or just being written
        return None
    if _is_ours(content["pid"], system):
        return str(content["url"])
    state.unlink(missing_ok=True)
    return None


def live_url(system: System, run_dir: Path) -> str:
    """Return the address of a running system's live feed, or "" if its state file has none."""
    return str(json.loads(system.state(run_dir).read_text()).get("live_url", ""))


def up(run_dir: Path, systems: Sequence[System] = BOTH) -> tuple[dict[str, str], list[str]]:
    """Start the systems that do not run yet. Return the URLs by name, and the names of the started ones.

    Raise SystemFailed if one does not start, after ending what this call started.
    """
    missing = [system for system in systems if running_url(system, run_dir) is None]
    try:
        pids = {system: _start(system, run_dir) for system in missing}
        for system, pid in pids.items():
            _await_ready(system, pid, run_dir)
    except BaseException:  # also Ctrl-C
        with ignore_interrupts():
            _end(missing, run_dir)
        raise
    urls = {system.name: running_url(system, run_dir) or "" for system in systems}
    (run_dir / "stack.json").write_text(json.dumps(urls) + "\n")
    return urls, [system.name for system in missing]


def down(run_dir: Path, systems: Sequence[System] = BOTH) -> list[str]:
    """End the systems of a run directory and their descendants. Return the names of those that ran."""
    names = [system.name for system in systems if running_url(system, run_dir) is not None]
    (run_dir / "stack.json").unlink(missing_ok=True)
    _end(systems, run_dir)
    return names


@contextmanager
def running(run_dir: Path, systems: Sequence[System]) -> Iterator[dict[str, str]]:
    """Run systems for the length of a block and yield their URLs by name."""
    try:
        yield up(run_dir, systems)[0] if systems else {}
    finally:
        with ignore_interrupts():
            down(run_dir, systems)


def check_reachable(base_url: str) -> None:
    """Check that a URL serves this contract. Raise SystemFailed if nothing answers, WrongContract if it is another API."""
    where = f"{base_url.rstrip('/')}/openapi.json"
    try:
        answer = httpx.get(where, timeout=ANSWER_WITHIN_S)
        served = answer.raise_for_status().json()["info"]["version"]
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise SystemFailed(f"no system answers at {base_url}: {error}") from error
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        raise WrongContract(f"{base_url} does not serve this API: {where} is not its contract") from error
    if served != contract_version():
        raise WrongContract(
            f"{base_url} serves contract version {served}, this is version {contract_version()}: use matching tests"
        )


@cache
def contract_version() -> str:
    """Return the version of docs/openapi.yaml."""
    return str(yaml.load((ROOT / "docs" / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)["info"]["version"])


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
    """Return whether the pid is still the system's. The kernel reuses pids."""
    try:
        return processes.is_running(pid) and system.command[-1] in psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False
