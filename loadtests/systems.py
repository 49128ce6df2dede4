"""Start and stop both systems as background processes, and check that a URL serves this contract.

A system runs as long as the lock of its folder is held (processes.py), and serves if its address answers too.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import Popen
from time import monotonic, sleep
from typing import Any

import httpx
import psutil
import yaml

from loadtests import processes
from loadtests.errors import ParityError, RunError
from loadtests.processes import ROOT, ignore_interrupts

READY_WITHIN_S = 90.0
ENDED_WITHIN_S = 25.0
ANSWER_WITHIN_S = 10.0
STACK = "stack.json"  # in the run directory, while both systems run: every URL, by name
ADMINISTRATOR = "admin"  # on both systems, for the contract's administrator operations


class SystemFailed(RunError):
    """A system did not start, or stopped answering. The message gives the reason and the log's path."""


class WrongContract(ParityError):
    """A URL serves another API or another version of this contract."""


@dataclass(frozen=True, slots=True)
class System:
    """One side. `command` runs it in the foreground. It writes `<run-dir>/<name>.json` once it answers.

    probe: a path that needs the database. A system that does not answer it does not serve.
    """

    name: str
    command: tuple[str, ...]
    probe: str = ""

    def state(self, run_dir: Path) -> Path:
        """Return the file with the running system's URLs and pid."""
        return run_dir / f"{self.name}.json"

    def lock(self, run_dir: Path) -> Path:
        """Return the file that is locked while the system runs. It has the pid of its supervisor."""
        return run_dir / self.name / "supervisor"

    def log(self, run_dir: Path) -> Path:
        """Return the file with the system's output."""
        return run_dir / self.name / "start.log"


PROBE = "/posts?limit=1"
MONOLITH = System("monolith", (sys.executable, "-m", "monolith"), PROBE)
MICROSERVICES = System("microservices", (sys.executable, "-m", "microservices"), PROBE)
BOTH = (MONOLITH, MICROSERVICES)
Started = dict[System, Popen[str]]


def state_of(system: System, run_dir: Path) -> dict[str, Any]:
    """Return the state file of a running system, or nothing."""
    with suppress(FileNotFoundError, json.JSONDecodeError):  # absent, or just being written
        state: dict[str, Any] = json.loads(system.state(run_dir).read_text(encoding="utf-8"))
        if processes.supervisor(system.lock(run_dir)) and processes.is_running(state["pid"]):
            return state
    return {}


def running_url(system: System, run_dir: Path) -> str | None:
    """Return a running system's base URL, or None."""
    return state_of(system, run_dir).get("url")


def live_url(system: System, run_dir: Path) -> str:
    """Return the address of a running system's live feed, or "" if it has none."""
    return str(state_of(system, run_dir).get("live_url", ""))


def members(system: System, run_dir: Path) -> list[psutil.Process]:
    """Return the processes of a running system: its supervisor, then all descendants."""
    supervisor = processes.supervisor(system.lock(run_dir))
    return processes.family(supervisor) if supervisor else []


def up(run_dir: Path, systems: Sequence[System] = BOTH) -> list[str]:
    """Start the systems that do not serve, and let them continue after this process. Return the names of the started ones.

    A second call waits for the first one. A system that runs and does not serve is ended first. Raise SystemFailed if one does not
    start, after ending what this call started, or if one belongs to a command that still runs.
    """
    with processes.locked(run_dir / "up.lock"):
        missing = [system for system in systems if not _serves(system, run_dir)]
        for system in missing:
            _require_free(system, run_dir)
        _end(missing, run_dir)
        for system, process in _start_all(missing, run_dir).items():
            processes.detach(process, system.lock(run_dir))
        (run_dir / STACK).write_text(json.dumps(urls(run_dir, systems), indent=1) + "\n", encoding="utf-8")
    return [system.name for system in missing]


def urls(run_dir: Path, systems: Sequence[System] = BOTH) -> dict[str, str]:
    """Return every URL of running systems: the base by the system's name, its live feed as NAME-live, and the local AWS."""
    known: dict[str, str] = {}
    for system in systems:
        state = state_of(system, run_dir)
        names = {"url": system.name, "live_url": f"{system.name}-live", "endpoint": "local-aws"}
        known |= {name: str(state[key]) for key, name in names.items() if key in state}
    return known


def down(run_dir: Path, systems: Sequence[System] = BOTH) -> list[str]:
    """End the systems of a run directory and their descendants. Return the names of those that ran."""
    with processes.locked(run_dir / "up.lock"):
        names = [system.name for system in systems if processes.is_locked(system.lock(run_dir))]
        (run_dir / STACK).unlink(missing_ok=True)
        _end(systems, run_dir)
    return names


@contextmanager
def running(run_dir: Path, systems: Sequence[System]) -> Iterator[dict[str, str]]:
    """Run systems for the length of a block and yield their URLs by name. They end with this process, however it ends.

    Raise SystemFailed if one runs already or does not start.
    """
    with processes.locked(run_dir / "up.lock"):
        started = _start_all(systems, run_dir)
    try:
        yield {system.name: running_url(system, run_dir) or "" for system in systems}
    finally:
        with ignore_interrupts():
            _end([*started], run_dir)


def check_reachable(base_url: str) -> None:
    """Check that a URL serves this contract. Raise SystemFailed if nothing answers, WrongContract if it is another API."""
    where = f"{base_url.rstrip('/')}/openapi.json"
    try:
        answer = httpx.get(where, timeout=ANSWER_WITHIN_S, trust_env=processes.is_remote(base_url))
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
def contract() -> dict[str, Any]:
    """Return docs/openapi.yaml."""
    text = (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=yaml.CSafeLoader))


def contract_version() -> str:
    """Return the version of docs/openapi.yaml."""
    return str(contract()["info"]["version"])


def _serves(system: System, run_dir: Path) -> bool:
    """Return whether a system of `up` runs and answers. A busy one gets the time of a slow answer."""
    deadline = monotonic() + ANSWER_WITHIN_S
    while processes.is_detached(system.lock(run_dir)) and (url := running_url(system, run_dir)):
        if not system.probe or _answers(url + system.probe):
            return True
        if monotonic() > deadline:
            return False
        sleep(0.2)
    return False


def _require_free(system: System, run_dir: Path) -> None:
    if parent := processes.parent_of(system.lock(run_dir)):
        raise SystemFailed(f"{system.name} runs already in {run_dir}, for process {parent.pid}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=ANSWER_WITHIN_S, trust_env=False).status_code in (200, 429)
    except httpx.TransportError:
        return False


def _start_all(systems: Sequence[System], run_dir: Path) -> Started:
    """Start systems and wait until they are ready. End all of them if one fails, or on Ctrl-C."""
    started: Started = {}
    try:
        for system in systems:
            started[system] = _start(system, run_dir)
        for system, process in started.items():
            _await_ready(system, process, run_dir)
    except BaseException:
        with ignore_interrupts():
            _end([*started], run_dir)
        raise
    return started


def _start(system: System, run_dir: Path) -> Popen[str]:
    if processes.is_locked(system.lock(run_dir)):
        raise SystemFailed(f"{system.name} runs already in {run_dir}")
    system.state(run_dir).unlink(missing_ok=True)  # a killed one leaves it
    command = [*system.command, "--run-dir", str(run_dir.resolve())]
    system.log(run_dir).parent.mkdir(parents=True, exist_ok=True)
    with system.log(run_dir).open("wb") as output:
        return processes.start(command, system.lock(run_dir), output=output, env={"ADMINISTRATORS": ADMINISTRATOR})


def _await_ready(system: System, process: Popen[str], run_dir: Path) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while running_url(system, run_dir) is None:
        if process.poll() is not None:
            raise SystemFailed(_failure(system, run_dir, "it ended at once"))
        if monotonic() > deadline:
            raise SystemFailed(_failure(system, run_dir, f"no answer in {READY_WITHIN_S:.0f} s"))
        sleep(0.05)


def _failure(system: System, run_dir: Path, otherwise: str) -> str:
    log = system.log(run_dir)
    lines = [line for line in log.read_text(errors="replace", encoding="utf-8").splitlines() if line.strip()]
    return f"{system.name} did not start: {lines[-1].strip() if lines else otherwise} (log: {log})"


def _end(systems: Sequence[System], run_dir: Path) -> None:
    processes.end([system.lock(run_dir) for system in systems], within_s=ENDED_WITHIN_S)
    for system in systems:
        system.state(run_dir).unlink(missing_ok=True)
