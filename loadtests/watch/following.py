"""Follows the journal of the run that is being made, and keeps what it told for whoever comes later."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event
from typing import Any, TextIO

import psutil

from loadtests.watch.journal import NAME
from loadtests.watch.workers import Workers

POLL_S = 0.25
IDLE: dict[str, Any] = {"kind": "idle"}
Told = dict[str, Any]


class Story:
    """The events of the run that is shown, from its begin. A new run begins a new story; numbers go on."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._first = 0
        self._events: list[Told] = [IDLE]

    def add(self, event: Told) -> None:
        """Add what happened; a begin, or that nothing runs, makes what was told before history."""
        with self._changed:
            if event["kind"] in ("began", "idle"):
                self._first += len(self._events)
                self._events = []
            self._events.append(event)
            self._changed.notify_all()

    def after(self, number: int, *, within_s: float) -> list[tuple[int, Told]]:
        """Return the events after this number, each with its own; wait so long for the first.

        A number that was never given is another server's, whose reader hears everything.
        """
        with self._changed:
            if number >= self._first + len(self._events):
                number = -1
            self._changed.wait_for(lambda: self._first + len(self._events) > number + 1, within_s)
            start = max(0, number + 1 - self._first)
            return [(self._first + place, self._events[place]) for place in range(start, len(self._events))]


def follow(runs: Path, story: Story, stop: Event) -> None:
    """Tell the newest run below a directory, whenever there is one, until told to stop."""
    shown: Path | None = None
    while not stop.is_set():
        newest = max(running(runs), key=lambda file: file.stat().st_mtime, default=None)
        if newest is None or newest == shown:
            stop.wait(POLL_S)
            continue
        shown = newest
        tell(newest, story, stop)


def tell(journal: Path, story: Story, stop: Event, *, recorded: bool = False) -> None:
    """Tell one run to its end, which a process that died has reached too; a recorded one ends with its file."""
    workers: Workers | None = None
    pid, born = 0, 0.0
    with journal.open() as file:  # kept open: a run that ends well removes its directory
        while not stop.is_set():
            lines = list(_events(file))
            for event in lines:
                if event["kind"] == "began":
                    pid, born, workers = event["pid"], event["born"], Workers(journal.parent)
                story.add(event)
                if event["kind"] == "ended":
                    return
            if recorded or (not lines and not is_alive(pid, born)):
                story.add({"kind": "ended", "how": "the record ends here" if recorded else "its process is gone"})
                return
            if workers and (seen := workers.seen()):
                story.add({"kind": "workers", "sides": seen})
            stop.wait(POLL_S)


def running(runs: Path) -> list[Path]:
    """Return the journals of the runs that are being made."""
    return [file for file in runs.glob(f"*/{NAME}") if _is_running(file)]


def is_alive(pid: int, born: float) -> bool:
    """Say whether the process that began a run still is there; its number may be another's by now."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - born) < 1
    except psutil.NoSuchProcess:
        return False


def _events(file: TextIO) -> Iterator[Told]:
    """Yield what was written since; a line that is not whole yet waits, one that is no event is left out."""
    while True:
        start, line = file.tell(), file.readline()
        if not line.endswith("\n"):
            file.seek(start)
            return
        with suppress(json.JSONDecodeError):
            event = json.loads(line)
            if isinstance(event, dict) and "kind" in event:
                yield event


def _is_running(file: Path) -> bool:
    try:
        with file.open() as opened:
            first = json.loads(opened.readline())
            last = deque(opened, maxlen=1)
    except (OSError, json.JSONDecodeError):  # removed meanwhile, or just being written
        return False
    over = bool(last) and '"kind": "ended"' in last[0]
    return isinstance(first, dict) and not over and is_alive(int(first.get("pid", 0)), float(first.get("born", 0)))
