"""The duration of `explain` for every journey, with the start and end of both systems."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from time import perf_counter

from loadtests.processes import ROOT
from loadtests.systems import SystemFailed
from tests.bench.rows import Row

WITHIN_S = 30


def rows() -> Iterator[Row]:
    """Yield the row. Raise SystemFailed, with the command's last line, if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        command = [sys.executable, "-m", "loadtests", "explain", "--results", folder]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        took = perf_counter() - began
    if ran.returncode:
        raise SystemFailed(
            f"explain ended with {ran.returncode}: {(ran.stderr.strip().splitlines() or ['no output'])[-1]}"
        )
    what = "explain of every journey, with the start of both systems"
    yield Row(what=what, against="–", shown=f"{took:.0f} s", value=took, reach=WITHIN_S, unit=" s", origin="emulated")
