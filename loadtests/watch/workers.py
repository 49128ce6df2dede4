"""How many processes each side has, and how much of a core they take: asked of the machine while somebody watches."""

import json
from pathlib import Path
from time import monotonic

import psutil

from loadtests.blocks import SIDES

EVERY_S = 2.0  # asking takes some 5 ms of a core that is being measured


class Workers:
    """The processes of both sides of the run in one directory."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._known: dict[int, psutil.Process] = {}
        self._asked = 0.0

    def seen(self) -> dict[str, dict[str, float]]:
        """Return, by side, processes, threads and cores in use since last asked; nothing where it is too early to ask again."""
        if monotonic() - self._asked < EVERY_S:
            return {}
        self._asked = monotonic()
        families = {side: self._family(side) for side in SIDES}
        self._known = {each.pid: each for family in families.values() for each in family}
        return {side: _together(family) for side, family in families.items() if family}

    def _family(self, side: str) -> list[psutil.Process]:
        try:
            leader = psutil.Process(int(json.loads((self._run_dir / f"{side}.json").read_text())["pid"]))
            found = [leader, *leader.children(recursive=True)]
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):  # not up yet, or down again
            return []
        return [self._known.get(each.pid, each) for each in found]  # the same object: it remembers when it was asked


def _together(family: list[psutil.Process]) -> dict[str, float]:
    cpu, threads, alive = 0.0, 0, 0
    for process in family:
        try:
            cpu += process.cpu_percent() / 100
            threads += process.num_threads()
            alive += 1
        except psutil.NoSuchProcess:
            continue
    return {"processes": alive, "threads": threads, "cores": round(cpu, 2)}
