"""The monolith from the start of its process to its first answer. Its database is up, as the services' tables are."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

import psutil

from loadtests import calls, processes
from loadtests.client import opened, succeed
from loadtests.coldstarts.figures import GROUPS, imports_ms, rounded_median, spread
from loadtests.coldstarts.notes import Note, Notes
from loadtests.systems import ADMINISTRATOR, READY_WITHIN_S, SystemFailed
from microservices.deploy.emulator import free_port

FIRST_PORT = 5350
WARM_CALLS = 5
POLL_S = 0.002
AS_DEPLOYED = {"ADMINISTRATORS": ADMINISTRATOR, "PYTHONDONTWRITEBYTECODE": ""}  # compiled, as the functions' zips are
ENDED_WITHIN_S = 25.0


@dataclass(frozen=True, slots=True)
class Start:
    """One start: what its master told when it forked the first worker, and what who asked waited for, in milliseconds."""

    pid: int
    start: Note
    total_ms: float
    warm_ms: tuple[float, ...]
    peak_kib: int


class Starts:
    """Starts a monolith on a database that another one has prepared, again and again, in a folder of its own."""

    def __init__(self, folder: Path, database_url: str, notes: Notes) -> None:
        self._folder, self._database_url, self._notes = folder, database_url, notes
        self._state = folder / "monolith.json"
        self._made = 0

    def once(self) -> Start:
        """Start it, ask it, end it. Raise SystemFailed or CallFailed if it does not answer."""
        self._made += 1
        mark = f"monolith-{self._made}"
        watched = self._notes.settings(mark) | AS_DEPLOYED | {"DATABASE_URL": self._database_url}
        log, port = self._folder / "start.log", free_port(FIRST_PORT)
        command = (sys.executable, "-m", "monolith", "--run-dir", str(self._folder), "--port", str(port))
        self._state.unlink(missing_ok=True)  # of one that was killed
        began = perf_counter()
        pid = processes.start(command, mark=mark, log=log, env=watched)
        try:
            answered = self._asked(pid, log)
            master = self._notes.of(mark)[0]
            if master.start is None:
                raise SystemFailed(f"the monolith did not tell when it was ready (log: {log})")
            return Start(pid, master.start, (answered[0] - began) * 1000, tuple(answered[1:]), _peak_kib(pid))
        finally:
            with processes.ignore_interrupts():
                processes.end([pid], [mark], within_s=ENDED_WITHIN_S)

    def _asked(self, pid: int, log: Path) -> list[float]:
        """Return when the first answer came, and how long the next ones took."""
        deadline = monotonic() + READY_WITHIN_S
        while not self._state.exists():
            if not processes.is_running(pid) or monotonic() > deadline:
                raise SystemFailed(f"the monolith did not start (log: {log})")
            sleep(POLL_S)
        found = []
        with opened(json.loads(self._state.read_text())["url"]) as api:
            succeed(api, calls.list_posts())
            found.append(perf_counter())
            for _ in range(WARM_CALLS):
                began = perf_counter()
                succeed(api, calls.list_posts())
                found.append((perf_counter() - began) * 1000)
        return found


def figures(starts: list[Start]) -> dict[str, Any]:
    """Return the figures of the monolith's starts; the process is measured, nothing of it is emulated."""
    ready = [one.start.interpreter_ms + one.start.wall_ms for one in starts]
    warm = [ms for one in starts for ms in one.warm_ms]
    return {
        "woken_by": "GET /posts",
        "trials": len(starts),
        "cold": {
            "start_ms": rounded_median(one.start.interpreter_ms for one in starts),
            "imports_ms": {group: rounded_median(imports_ms(one.start, group) for one in starts) for group in GROUPS},
            "prepared_ms": rounded_median(one.start.wall_ms - sum(one.start.own_ms.values()) for one in starts),
            "rest_of_first_ms": rounded_median(one.total_ms - ms for one, ms in zip(starts, ready, strict=True)),
            "total_ms": spread([one.total_ms for one in starts]),
        },
        "warm": {"waited_ms": spread(warm)},
        "peak_mb": round(median(one.peak_kib for one in starts) / 1024, 1),
        "origin": "measured",
    }


def _peak_kib(master: int) -> int:
    """Return the most memory that any of its processes holds."""
    family = [psutil.Process(master), *psutil.Process(master).children(recursive=True)]
    return max(each.memory_info().rss for each in family) // 1024
