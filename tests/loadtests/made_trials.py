"""Cold starts as a run of `coldstarts` finds them, made up: no function is started."""

from typing import Any

from loadtests.coldstarts import figures, monolith
from loadtests.coldstarts.notes import Note
from loadtests.coldstarts.probe import CLIENTS
from loadtests.coldstarts.trials import Trial

PACKAGE = {
    "files": 300,
    "bytes": 3_000_000,
    "zip_bytes": 1_100_000,
    "libraries": {"msgspec": "0.22.0"},
    "origin": "measured",
}


def note(wall_ms: float, cpu_ms: float = 0.0, peak_kib: int = 60 * 1024, **own_ms: float) -> Note:
    return Note(wall_ms, cpu_ms, peak_kib, own_ms, interpreter_ms=10.0)


def trial(pid: int, *, init: float = 300.0, first: float = 50.0, warm: float = 10.0, cpu: float = 5.0) -> Trial:
    """Return a trial whose parts are known: 255 ms of its start and 20 ms of its first call are imports and clients."""
    start = note(
        init - 10, botocore=100, json=20, msgspec=8, microservices=5, shared_domain=2, aws_lambda_powertools=40
    )
    start.own_ms[CLIENTS] = 60.0
    made = Note(first, first / 2, 64 * 1024, {CLIENTS: 15.0, "email": 5.0})
    return Trial(pid, start, made, tuple(note(warm, cpu) for _ in range(3)), 400.0, (20.0, 21.0))


def chapter(*, names: tuple[str, ...] = ("posts-http", "users-http"), sweep: bool = True) -> dict[str, Any]:
    """Return the chapter of a report."""
    held = {
        size: trial(1, warm=5 + 5 / figures.share_of(size)) for size in figures.SIZES_MB if figures.share_of(size) < 1
    }
    starts = [
        monolith.Start(9, note(1500, 1400, sqlalchemy=600, flask=300, monolith=100), 2000.0, (3.0, 4.0), 90 * 1024)
    ]
    return {
        "times": 2,
        "functions": {
            name: figures.function(
                [trial(1), trial(2)], held if sweep else {}, memory_mb=512, woken_by="GET /posts", package=PACKAGE
            )
            for name in names
        },
        "monolith": monolith.figures(starts),
        "complete": True,
        "origin": "emulated",
    }
