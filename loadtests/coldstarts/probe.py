"""What watches a process from within, from its first moment: where the time goes until it is ready, and with each call.

notes.py copies it beside a `sitecustomize.py` that begins it, and Python finds that by PYTHONPATH: code, zip and handler of
what is watched stay as they are deployed. It imports nothing but what Python has loaded by then. Settings are environment
variables: COLD_START_NOTES is the folder for the notes, COLD_START_MARK names the process, COLD_START_HANDLER the module of a
function's handler. COLD_START_HELD: the process stops itself when it is ready, until somebody lets it go on. COLD_START_KEPT:
each event is noted too.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from time import perf_counter, process_time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing these would take the time of who imports them first
    from collections.abc import Callable
    from typing import Any

STOP = 19  # SIGSTOP of Linux: the module that names it takes its time to load
CLIENTS = "(clients)"  # beside the names of libraries: what making clients of AWS takes
ENTRY = "lambda_handler"


class Probe:
    """Times the imports of the main thread by library, each without what it imports in turn, and the calls of the handler."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._began, self._before = perf_counter(), process_time()
        self._handler = settings.get("HANDLER", "")
        self._held, self._kept = "HELD" in settings, "KEPT" in settings
        self._thread, self._pid = get_ident(), os.getpid()
        self._file = f"{settings['NOTES']}/{settings['MARK']}.{self._pid}"
        self._own_ms: dict[str, float] = {}
        self._within_ms = [0.0]  # of what is under way, innermost last: what the parts within it took
        self._watch_imports()
        if not self._handler:  # a server is ready when it first forks a worker
            os.register_at_fork(before=self._forks)

    def _watch_imports(self) -> None:
        machinery: Any = sys.modules["_frozen_importlib"]  # import statements look there for what finds and loads
        find = machinery._find_and_load

        def timed(name: str, importing: Any) -> Any:
            module = self._part(name.partition(".")[0], lambda: find(name, importing))
            self._loaded(name, module)
            return module

        machinery._find_and_load = timed

    def _part(self, name: str, work: Callable[[], Any]) -> Any:
        """Do the work; what it takes, but for the parts within it, counts under the name."""
        if get_ident() != self._thread:
            return work()
        began = perf_counter()
        self._within_ms.append(0.0)
        try:
            return work()
        finally:
            took = (perf_counter() - began) * 1000
            self._own_ms[name] = self._own_ms.get(name, 0.0) + took - self._within_ms.pop()
            self._within_ms[-1] += took

    def _loaded(self, name: str, module: Any) -> None:
        if name == "boto3" and not hasattr(module.client, "watched"):
            module.client = self._watched_client(module.client)
        elif name == self._handler and not hasattr(getattr(module, ENTRY), "watched"):
            setattr(module, ENTRY, self._watched_handler(getattr(module, ENTRY)))
            self._ready()

    def _watched_client(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*words: Any, **named: Any) -> Any:
            return self._part(CLIENTS, lambda: make(*words, **named))

        made.watched = True  # type: ignore[attr-defined]
        return made

    def _watched_handler(self, handle: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def handled(event: Any, context: Any) -> Any:
            began, before = perf_counter(), process_time()
            try:
                return handle(event, context)
            finally:
                took, used = perf_counter() - began, process_time() - before
                self._note("call", took, used, **({"event": event} if self._kept else {}))

        handled.watched = True  # type: ignore[attr-defined]
        return handled

    def _forks(self) -> None:
        if os.getpid() == self._pid and self._own_ms:
            self._ready()

    def _ready(self) -> None:
        took, used = perf_counter() - self._began, process_time() - self._before
        self._note("ready", took, used, interpreter_ms=self._before * 1000)
        if self._held:
            os.kill(self._pid, STOP)

    def _note(self, kind: str, took_s: float, used_s: float, **more: Any) -> None:
        import json  # noqa: PLC0415  whatever is watched has loaded it by now

        with open("/proc/self/status") as status:  # noqa: PTH123  pathlib is not loaded yet
            peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        found = {"kind": kind, "wall_ms": took_s * 1000, "cpu_ms": used_s * 1000, "peak_kib": peak_kib}
        with open(self._file, "a") as notes:  # noqa: PTH123
            notes.write(json.dumps({**found, "own_ms": self._own_ms, **more}) + "\n")
        self._own_ms = {}


def begin() -> None:
    """Watch this process, if its environment asks for it."""
    start = "COLD_START_"
    settings = {name.removeprefix(start): value for name, value in os.environ.items() if name.startswith(start)}
    if {"NOTES", "MARK"} <= settings.keys():
        Probe(settings)
