"""No parity, no numbers: runs the contract's own tests against both live systems and reads what they found."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from loadtests.parity import Parity
from loadtests.processes import ROOT

PLUGINS = ("--disable-plugin-autoload", "-p", "xdist")  # all others would be loaded by each process, for nothing
PYTEST = (sys.executable, "-m", "pytest", *PLUGINS, "-q", "-m", "live_api", "--dist", "worksteal")
TESTS = ROOT / "tests" / "contract"
TOO_LATE = "tests.contract.client.TooLate:"  # how a failure begins where what is eventual came, but not in time
MOST_LATE = 0.01  # of all checks: a system that is late more often is not asked again


def contract_checks(
    urls: dict[str, str], live_urls: dict[str, str], *, workers: int = 4, tests: Path = TESTS
) -> Parity:
    """Return how many contract checks ran on the live systems, and which failed.

    urls: base URL by name of the side. live_urls: of the live feeds; the services' is asked only if it is known. A run that
    breaks off counts as one failed check, with its last line.

    Many checks wait for what is eventual, so there are more workers than cores. But the contract's five seconds are those of
    a system that has nothing else to do; so where all that failed came, but too late beside the other workers, it is asked once
    more alone, and that counts. docs/decisions/0023-late-or-lost.md says why.
    """
    sides = [part for name, url in urls.items() for part in (f"--{name}-url", url)]
    sides += ["--microservices-live-url", feed] if (feed := live_urls.get("microservices")) else []
    with tempfile.TemporaryDirectory() as folder:
        # In a folder of its own: pytest closes the one that it shares with other runs to everybody but its user, on which a
        # PostgreSQL that another run is starting there as a user of its own fails.
        asked = [str(tests), *sides, "-o", f"cache_dir={folder}/cache", f"--basetemp={folder}/files"]
        found = _run(Path(folder), [*asked, "-n", str(workers)])
        if not _only_late(found):
            return found
        again = _run(Path(folder), [*asked, "--last-failed", "-n", "0"])
    return Parity(found.checks, again.failed, rechecked_alone=len(found.failed))


def _only_late(found: Parity) -> bool:
    return 0 < len(found.failed) <= MOST_LATE * found.checks and all(TOO_LATE in line for line in found.failed)


def _run(folder: Path, options: Sequence[str]) -> Parity:
    found = folder / "found.xml"
    found.unlink(missing_ok=True)
    process = subprocess.run(
        [*PYTEST, *options, f"--junitxml={found}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    checks, failed = _read(found) if found.exists() else (0, [])
    if checks == 0 or (process.returncode not in (0, 1) and not failed):
        lines = [line for line in (process.stdout + process.stderr).splitlines() if line.strip()]
        failed.append(f"the contract tests did not run: {lines[-1] if lines else process.returncode}")
        checks += 1
    return Parity(checks, failed)


def _read(found: Path) -> tuple[int, list[str]]:
    cases = [case for case in ElementTree.parse(found).iter("testcase") if case.find("skipped") is None]  # noqa: S314 - our own file
    return len(cases), [line for case in cases for line in _failures(case)]


def _failures(case: ElementTree.Element) -> Iterator[str]:
    for kind in ("failure", "error"):
        if (broken := case.find(kind)) is not None:
            reason = (broken.get("message") or "").strip().splitlines()
            yield f"{case.get('name')}: {reason[0][:200] if reason else kind}"
