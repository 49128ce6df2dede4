"""How long it takes to explain every journey: from the command to its report, both systems started and ended."""

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
            f"explain ended with {ran.returncode}: {(ran.stderr.strip().splitlines() or ['nothing said'])[-1]}"
        )
    what = "every journey explained, both systems started for it"
    yield Row(what=what, against="–", shown=f"{took:.0f} s", value=took, reach=WITHIN_S, unit=" s", origin="emulated")
