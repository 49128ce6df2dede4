"""A tiny run in a process of its own, for tests that interrupt it."""

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


class StartedRun:
    """A process of tiny_runs. words: the arguments after the folder."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self._errors = (folder / "stderr").open("w+")
        command = [sys.executable, "-m", "tests.loadtests.tiny_runs", str(folder), *words]
        self._process = subprocess.Popen(
            command, cwd=processes.ROOT, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.started: list[psutil.Process] = []

    def await_phase(self, phase: str) -> None:
        """Wait until it prints the start of a phase."""
        assert self._process.stdout is not None
        output = []
        for line in self._process.stdout:
            if line.startswith(f"… {phase}"):
                return
            output.append(line)
        raise AssertionError(f"no phase {phase}; it ended with {self.result()} after\n{''.join(output)}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, after listing its descendants."""
        self.started = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(number)

    def result(self) -> tuple[int, list[str]]:
        """Wait for its end and return its status and its lines on stderr."""
        self._process.communicate(timeout=60)
        self._errors.seek(0)
        return self._process.returncode, self._errors.read().splitlines()

    def close(self) -> None:
        """Kill it and close its files."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def survivors(self) -> list[psutil.Process]:
        """Return the descendants that still run after at most five seconds."""
        folders = [self.folder / "run", *(self.folder / "run" / side for side in SIDES)]
        deadline = monotonic() + 5
        while monotonic() < deadline:
            alive = [one for one in self.started if processes.is_running(one.pid)]
            alive += [one for system in systems.BOTH for folder in folders for one in systems.members(system, folder)]
            if not alive:
                break
            sleep(0.05)
        return alive

    def report(self) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text())
        return figures


def interrupt_in(phase: str, run: StartedRun) -> None:
    """Interrupt a run in a phase, as Ctrl-C does: it ends with one line and leaves nothing running."""
    run.await_phase(phase)
    run.send(signal.SIGINT)
    assert run.result() == (130, ["ended by SIGINT; nothing is left running"])
    assert run.survivors() == []
