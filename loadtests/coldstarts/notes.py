"""The notes that watched processes leave in a folder: how a process is made to leave them, and what they say."""

import json
import py_compile
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.coldstarts import probe
from loadtests.coldstarts.probe import CLIENTS

BEGIN = "import cold_start_probe\n\ncold_start_probe.begin()\n"


@dataclass(frozen=True, slots=True)
class Note:
    """One note: milliseconds and processor time of the start or of a call, the process's most memory so far, and within them
    what imports took by library, each without what it imports in turn, and what making clients took."""

    wall_ms: float
    cpu_ms: float
    peak_kib: int
    own_ms: dict[str, float]
    interpreter_ms: float = 0.0
    event: Any = None

    @property
    def clients_ms(self) -> float:
        """What making clients took."""
        return self.own_ms.get(CLIENTS, 0.0)

    @property
    def imports_ms(self) -> dict[str, float]:
        """What imports took, by library."""
        return {name: took for name, took in self.own_ms.items() if name != CLIENTS}


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was watched: its start once it was ready, and its calls in their order."""

    mark: str
    pid: int
    start: Note | None
    calls: tuple[Note, ...]


class Notes:
    """A folder of notes, which is also the one that Python finds the probe in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(probe.__file__), self.folder / "cold_start_probe.py")
        (self.folder / "sitecustomize.py").write_text(BEGIN)
        for name in ("cold_start_probe", "sitecustomize"):
            py_compile.compile(str(self.folder / f"{name}.py"), doraise=True)

    def settings(self, mark: str, *, handler: str = "", held: bool = False, kept: bool = False) -> dict[str, str]:
        """Return the environment that makes a process leave its notes here, under that mark."""
        named = {"NOTES": str(self.folder), "MARK": mark}
        named |= {
            name: value for name, value in (("HANDLER", handler), ("HELD", "1" * held), ("KEPT", "1" * kept)) if value
        }
        return {"PYTHONPATH": str(self.folder), **{f"COLD_START_{name}": value for name, value in named.items()}}

    def of(self, mark: str) -> list[Process]:
        """Return the processes that carry the mark, as far as they have told."""
        return [_process(file) for file in sorted(self.folder.glob(f"{mark}.[0-9]*"))]

    def pids(self, mark: str) -> Iterator[int]:
        """Yield who is ready and carries the mark."""
        return (int(file.suffix[1:]) for file in self.folder.glob(f"{mark}.[0-9]*"))


def _process(file: Path) -> Process:
    """A line without its end is still being written."""
    told = [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]
    noted = [(one.pop("kind"), Note(**one)) for one in told]
    starts = [note for kind, note in noted if kind == "ready"]
    calls = tuple(note for kind, note in noted if kind == "call")
    return Process(file.stem, int(file.suffix[1:]), starts[0] if starts else None, calls)
