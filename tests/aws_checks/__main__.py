"""Run the checks, at most two at a time: python -m tests.aws_checks ENVIRONMENT. `make check-aws` installs the environment.

Print one line for each check, and one for each finding. The exit status is 1 if there is any.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.aws_checks import dockerfile, expanded, lambda_python
from tests.aws_checks.expanded import PROJECT
from tests.aws_checks.findings import Finding, exemptions, judge

IAM_ROLE, FUNCTION = "AWS::IAM::Role", "AWS::Serverless::Function"
# checkov keeps a template's path among the variables. It takes a path with 40 letters in a row for a secret.
OWN_PATH = "Properties/Environment/Variables/__file__"
LAMBDA_LIBRARIES = "lambda-libraries"  # folder of the environment


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks, with the environment of the tools and a temporary folder."""

    environment: Path
    folder: Path

    def every(self) -> dict[str, Callable[[], list[str] | None]]:
        """Return each check by its name. The longest come first. A check returns its findings, or None if it is skipped."""
        return {
            "cfn-lint, all rules": self._cfn_lint,
            "zips import under the Python of AWS": partial(lambda_python.failures, self.environment / LAMBDA_LIBRARIES),
            "SAM's translator, checkov on its result and on the Dockerfile": self._sam_and_checkov,
            "a build of the Dockerfile": dockerfile.build,
            "forms of the events": self._event_shapes,
        }

    def _cfn_lint(self) -> list[str]:
        files = [str(file.relative_to(PROJECT)) for file in expanded.files()]
        rows = json.loads(self._run("cfn-lint", "--include-checks", "I", "--format", "json", "--", *files))
        findings = {
            Finding(row["Rule"]["Id"], row["Filename"], _resource(row["Location"]["Path"]), row["Message"])
            for row in rows
        }
        return judge(findings, exemptions("cfn-lint"))

    def _sam_and_checkov(self) -> list[str]:
        plain, translated = self.folder / "expanded", self.folder / "translated"
        expanded.write(plain)
        self._run("python", str(PROJECT / "tests/aws_checks/sam.py"), str(plain), str(translated))
        return [*_lost_in_translation(plain, translated), *judge(self._checkov(translated), exemptions("checkov"))]

    def _checkov(self, folder: Path) -> Iterator[Finding]:
        shutil.copy(dockerfile.DOCKERFILE, folder)
        options = (
            "--framework",
            "cloudformation",
            "dockerfile",
            "--skip-download",
            "--compact",
            "--quiet",
            "--output",
            "json",
        )
        reports = json.loads(self._run("checkov", "--directory", str(folder), *options))
        for report in [reports] if isinstance(reports, dict) else reports:  # a list, if both have findings
            if errors := report["results"].get("parsing_errors"):
                raise ValueError(f"checkov cannot read {errors}")
            for row in report["results"]["failed_checks"]:
                if OWN_PATH in row["check_result"].get("evaluated_keys", []):
                    continue
                template = row["file_path"].lstrip("/").replace(".json", ".yaml")
                yield Finding(row["check_id"], template, row["resource"].rpartition(".")[2], row["check_name"])

    def _event_shapes(self) -> list[str]:
        script, events = PROJECT / "tests/aws_checks/event_shapes.py", PROJECT / "tests/events"
        return self._run("python", str(script), str(events)).splitlines()

    def _run(self, program: str, *arguments: str) -> str:
        """Return what a program of the environment prints. A linter's exit status only says that it found something."""
        ended = subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=PROJECT,
            env={"PATH": os.defpath, "HOME": str(self.folder), "AWS_DEFAULT_REGION": "us-east-1"},
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
        if not ended.stdout and ended.returncode:
            raise ValueError(f"{program}: {ended.stderr[-2_000:]}")
        return ended.stdout


def _resource(path: list[Any]) -> str:
    """Return the logical id in a path such as Resources, Table, Properties; of a loop, its name."""
    return str(path[1]) if len(path) > 1 else ".".join(map(str, path))


def _lost_in_translation(plain: Path, translated: Path) -> list[str]:
    """Check that SAM makes a function of each of ours, and no role: each function has a role of its own in the template."""
    before, after = (Counter(_kinds(folder)) for folder in (plain, translated))
    lines = []
    if before[FUNCTION] != after["AWS::Lambda::Function"] or after[FUNCTION]:
        lines.append(f"SAM: {before[FUNCTION]} functions became {after['AWS::Lambda::Function']}")
    if before[IAM_ROLE] != after[IAM_ROLE]:
        lines.append(f"SAM: adds {after[IAM_ROLE] - before[IAM_ROLE]} roles that no template has")
    return lines


def _kinds(folder: Path) -> Iterator[str]:
    return (resource["Type"] for _, _, resource in expanded.resources(folder))


def main(environment: Path) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=2) as pool:
        checks = Checks(environment.resolve(), Path(folder)).every()
        results = list(zip(checks, pool.map(lambda check: check(), checks.values()), strict=True))
    findings = 0
    for name, lines in results:
        print(f"{name}: {'skipped' if lines is None else f'{len(lines)} findings'}")
        findings += len(lines or ())
        for line in lines or ():
            print(f"    {line}")
    print(f"{len(expanded.files())} templates, {findings} findings, {time.monotonic() - started:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
