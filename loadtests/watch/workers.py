"""How many processes each side has, and how much of a core they take: asked of the machine while somebody watches."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import psutil

from loadtests import processes, systems

EVERY_S = 2.0  # looking at every process takes some 10 ms of a core that is being measured


class Workers:
    """The processes of both sides of the run in one directory, their databases too."""

    def __init__(self, run_dir: Path) -> None:
        self._sides = {system.mark(run_dir): system.name for system in systems.BOTH}
        self._known: dict[int, psutil.Process] = {}
        self._asked = 0.0

    def seen(self) -> dict[str, dict[str, float]]:
        """Return, by side, processes, threads and cores in use since last asked; nothing where it is too early to ask again."""
        if monotonic() - self._asked < EVERY_S:
            return {}
        self._asked = monotonic()
        found = processes.carrying(self._sides)
        families = {mark: [self._known.get(each.pid, each) for each in family] for mark, family in found.items()}
        # Each knows when it was asked.
        self._known = {each.pid: each for family in families.values() for each in family}
        return {self._sides[mark]: _together(family) for mark, family in families.items() if family}


def _together(family: Sequence[psutil.Process]) -> dict[str, float]:
    cpu, threads, alive = 0.0, 0, 0
    for process in family:
        try:
            cpu += process.cpu_percent() / 100
            threads += process.num_threads()
            alive += 1
        except psutil.NoSuchProcess:
            continue
    return {"processes": alive, "threads": threads, "cores": round(cpu, 2)}
