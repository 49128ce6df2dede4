"""The contract tests against both live systems. A comparison stops if one fails."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from loadtests import processes
from loadtests.processes import ROOT
from loadtests.results import Parity

PLUGINS = ("--disable-plugin-autoload", "-p", "xdist")  # loading all others costs time in each process
PYTEST = (sys.executable, "-m", "pytest", *PLUGINS, "-q", "-m", "live_api", "--dist", "worksteal")
TESTS = ROOT / "tests" / "contract"
TOO_LATE = "tests.contract.client.TooLate:"  # prefix of a failure whose effect became visible, but late
MAX_LATE = 0.01  # of all checks; above that, nothing runs again


def contract_checks(
    urls: dict[str, str], live_urls: dict[str, str], *, workers: int = 4, tests: Path = TESTS
) -> Parity:
    """Run the contract tests on the live systems. Return the number of checks and those that failed.

    urls: base URLs by side. live_urls: live feeds; the services' one is checked if it is known. A test run that breaks off counts
    as one failed check.

    Many checks wait for eventual effects, so there are more processes than cores. The contract allows five seconds on an idle
    system. If late effects are the only failures, they run once more alone, and that result counts. Decision 23 says why.
    """
    sides = [part for name, url in urls.items() for part in (f"--{name}-url", url)]
    sides += ["--microservices-live-url", feed] if (feed := live_urls.get("microservices")) else []
    with tempfile.TemporaryDirectory() as folder:
        # Its own base folder: pytest makes a shared one private to its user, and a PostgreSQL that another run starts
        # there as another user fails.
        words = [str(tests), *sides, "-o", f"cache_dir={folder}/cache", f"--basetemp={folder}/files"]
        parity = _run(Path(folder), [*words, "-n", str(workers)])
        if not only_late(parity):
            return parity
        alone = _run(Path(folder), [*words, "--last-failed", "-n", "0"])
    return Parity(parity.checks, alone.failed, rechecked_alone=len(parity.failed))


def only_late(parity: Parity) -> bool:
    """Return whether every failure is a late effect, and at most one check in a hundred failed."""
    return 0 < len(parity.failed) <= MAX_LATE * parity.checks and all(TOO_LATE in line for line in parity.failed)


def _run(folder: Path, words: Sequence[str]) -> Parity:
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    command = [*PYTEST, *words, f"--junitxml={report}"]
    with processes.start(command, folder / "supervisor", output=subprocess.PIPE) as pytest:
        output = pytest.stdout.read() if pytest.stdout else ""
    checks, failed = _read(report) if report.exists() else (0, [])
    if checks == 0 or (pytest.returncode not in (0, 1) and not failed):
        lines = [line for line in output.splitlines() if line.strip()]
        failed.append(f"the contract tests did not run: {lines[-1] if lines else pytest.returncode}")
        checks += 1
    return Parity(checks, failed)


def _read(report: Path) -> tuple[int, list[str]]:
    cases = [case for case in ElementTree.parse(report).iter("testcase") if case.find("skipped") is None]  # noqa: S314 - our own file
    return len(cases), [line for case in cases for line in _failures(case)]


def _failures(case: ElementTree.Element) -> Iterator[str]:
    for kind in ("failure", "error"):
        if (failure := case.find(kind)) is not None:
            reason = (failure.get("message") or "").strip().splitlines()
            yield f"{case.get('name')}: {reason[0][:200] if reason else kind}"
