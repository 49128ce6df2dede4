"""No parity, no numbers: runs the contract's own tests against both live systems and reads what they found."""

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from loadtests.processes import ROOT

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "live_api", "--dist", "worksteal")
TESTS = ROOT / "tests" / "contract"


def contract_checks(urls: dict[str, str], live_urls: dict[str, str], *, workers: int = 5) -> tuple[int, list[str]]:
    """Return how many contract checks ran on the live systems, and which failed.

    urls: base URL by name of the side. live_urls: of the live feeds; the services' is asked only if it is known. Many checks
    wait for what is eventual, so there are more workers than cores. A run that breaks off counts as one failed check, with its
    last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.xml"
        sides = [part for name, url in urls.items() for part in (f"--{name}-url", url)]
        sides += ["--microservices-live-url", feed] if (feed := live_urls.get("microservices")) else []
        process = subprocess.run(
            [*PYTEST, str(TESTS), *sides, "-n", str(workers), f"--junitxml={found}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        checks, failed = _read(found) if found.exists() else (0, [])
    if checks == 0 or (process.returncode not in (0, 1) and not failed):
        lines = [line for line in (process.stdout + process.stderr).splitlines() if line.strip()]
        failed.append(f"the contract tests did not run: {lines[-1] if lines else process.returncode}")
        checks += 1
    return checks, failed


def _read(found: Path) -> tuple[int, list[str]]:
    cases = [case for case in ElementTree.parse(found).iter("testcase") if case.find("skipped") is None]  # noqa: S314 - our own file
    failed = []
    for case in cases:
        for kind in ("failure", "error"):
            if (broken := case.find(kind)) is not None:
                reason = (broken.get("message") or "").strip().splitlines()
                failed.append(f"{case.get('name')}: {reason[0][:200] if reason else kind}")
    return len(cases), failed
