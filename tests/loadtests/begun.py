"""A run of the comparison in a process of its own, to be ended in the middle."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil

from loadtests import processes, systems
from loadtests.aa import SIDES


class Begun:
    """A tiny run in a process of its own. given: what its module takes beside its folder."""

    def __init__(self, folder: Path, *given: str, module: str = "tiny_runs") -> None:
        self.folder = folder
        self._errors = (folder / "stderr").open("w+")
        command = [sys.executable, "-m", f"tests.loadtests.{module}", str(folder), *given]
        self._process = subprocess.Popen(
            command, cwd=processes.ROOT, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.started: list[psutil.Process] = []

    def until(self, phase: str) -> None:
        """Wait until it says that a phase begins."""
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            if line.startswith(f"… {phase}"):
                return
            said.append(line)
        raise AssertionError(f"no phase {phase}; it ended with {self.ended()} after\n{''.join(said)}")

    def told(self, number: signal.Signals) -> None:
        """Send it a signal, after a look at what it has started."""
        self.started = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(number)

    def ended(self) -> tuple[int, list[str]]:
        """Wait for its end; return its status and what it said on stderr."""
        self._process.communicate(timeout=60)
        self._errors.seek(0)
        return self._process.returncode, self._errors.read().splitlines()

    def close(self) -> None:
        """End it, however far it is, and close its files."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def left(self) -> list[psutil.Process]:
        """Return what still runs of all that it started, after a moment."""
        marks = [systems.MONOLITH.mark(self.folder / "run" / side) for side in SIDES]
        marks += [system.mark(self.folder / "run") for system in systems.BOTH]
        deadline = monotonic() + 5
        while monotonic() < deadline:
            alive = [one for one in self.started if processes.is_running(one.pid)]
            alive += [one for found in processes.carrying(marks).values() for one in found]
            if not alive:
                break
            sleep(0.05)
        return alive

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text())
        return found


def end_in(phase: str, run: Begun) -> None:
    """End a run as Ctrl-C does once it is in a phase: it says so in one line and leaves nothing running."""
    run.until(phase)
    run.told(signal.SIGINT)
    assert run.ended() == (130, ["ended by SIGINT; nothing is left running"])
    assert run.left() == []
