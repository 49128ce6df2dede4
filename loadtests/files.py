"""Files of the user, and the folders of runs and reports. Whatever a file contains, memory is bounded and an error is one line."""

import argparse
import atexit
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from math import inf
from pathlib import Path

from loadtests import processes
from loadtests.errors import UsageError

MAX_TRACE_ARRIVALS, MAX_TRACE_BYTES, MAX_OFFSET_S = 1_000_000, 32_000_000, 86_400
STAMP, OWNER = "????????-??????", "owner"  # of run directories: the time in their names, and the lock of their process


def read_text(path: Path, *, limit: int) -> str:
    """Return the text of a regular file of at most `limit` bytes. Raise UsageError."""
    try:
        if path.exists() and not path.is_file():  # such as a folder, or a device without an end
            raise UsageError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > limit:
        raise UsageError(f"{path}: larger than {limit:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text: {error}") from error


def trace_length_s(times: Sequence[float]) -> float:
    """Return the duration of a trace: the last due time, rounded up to the next whole second."""
    return float(int(times[-1]) + 1)


def read_trace(path: Path) -> tuple[float, ...]:
    """Return the due times of a trace, a file with one offset in seconds a line, in order. The first line may be a header.

    Raise UsageError with the file, the line and what is wrong.
    """
    times: list[float] = []
    for number, text in enumerate(read_text(path, limit=MAX_TRACE_BYTES).splitlines(), start=1):
        if text.strip() and not (number == 1 and text[0].isalpha()):
            times.append(_offset(text, after=times[-1] if times else 0.0, where=f"{path}:{number}"))
    if not 0 < len(times) <= MAX_TRACE_ARRIVALS:
        raise UsageError(f"{path}: {'more than 1,000,000' if times else 'no'} arrivals")
    return tuple(times)


def _offset(text: str, *, after: float, where: str) -> float:
    try:
        offset = float(text)
    except ValueError:
        offset = -1.0
    if not 0 <= offset < inf:
        raise UsageError(f"{where}: {text[:40]!r} is not an offset in seconds")
    if offset > MAX_OFFSET_S:
        raise UsageError(f"{where}: {text} is over {MAX_OFFSET_S:,} seconds: offsets count from the start of the trace")
    if offset < after:
        raise UsageError(f"{where}: {text} is before {after:g}, the line above it")
    return offset


def destination(options: argparse.Namespace) -> Path:
    """Return the folder of the report that a command writes or adds to. A new one is removed again if it stays empty."""
    if own := getattr(options, "into", None):
        return Path(own)
    folder = _new_folder(options.results, "")
    atexit.register(_remove_empty, folder)
    return folder


def run_directory(command: str, parent: Path = Path(".run")) -> Path:
    """Create the run directory of this process. Remove those of ended runs, except the last one, whose logs may be of use."""
    with processes.locked(parent / "runs.lock"):
        ended = [folder for folder in parent.glob(f"*-{STAMP}*") if not _in_use(folder)]
        for folder in sorted(ended, key=lambda each: each.stat().st_mtime)[:-1]:
            shutil.rmtree(folder, ignore_errors=True)
        new = _new_folder(parent, f"{command}-")
        processes.lock_until_exit(new / OWNER)
    return new


def _in_use(folder: Path) -> bool:
    """Return whether the process of a run is alive, or a system that it started."""
    locks = (folder / OWNER, *folder.glob("*/supervisor"), *folder.glob("*/*/supervisor"))
    return any(map(processes.is_locked, locks))


def _new_folder(parent: Path, prefix: str) -> Path:
    """Create a folder with the time in its name, and a number if that exists: two runs may start in one second."""
    name = f"{prefix}{datetime.now():%Y%m%d-%H%M%S}"
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(2):
        with suppress(FileExistsError):
            (parent / name).mkdir()
            break
        name = f"{name[: len(prefix) + 15]}-{number}"
    return parent / name


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
