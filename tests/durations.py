"""Write the table of test suites in CONTRIBUTING.md from the JUnit files of `make test` and `make test-deep`.

Run `python -m tests.durations` after both. A suite is a folder of tests; its docstring says what it proves.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "CONTRIBUTING.md"
RUNS = {"make test": PROJECT / ".run" / "test.xml", "make test-deep": PROJECT / ".run" / "test-deep.xml"}
TABLE = re.compile(r"(<!-- durations -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one command: its wall time, and the tests and seconds of each suite."""

    wall_s: float
    tests: Mapping[str, int]
    seconds: Mapping[str, float]


def suites() -> dict[str, str]:
    """Return what each suite proves, by its folder in tests. `make browser` runs the one that is left out."""
    folders = sorted(
        {file.parent for file in (PROJECT / "tests").glob("*/test_*.py")} - {PROJECT / "tests" / "browser"}
    )
    return {folder.name: _docstring(folder / "__init__.py") for folder in folders}


def read(junit: Path) -> Run:
    """Read a JUnit file of pytest. Skipped tests do not count."""
    tests: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    suite = next(ElementTree.parse(junit).iter("testsuite"))  # noqa: S314 - our own file
    for case in suite.iter("testcase"):
        if case.find("skipped") is None:
            folder = case.get("classname", "").split(".")[1]
            tests[folder] += 1
            seconds[folder] += float(case.get("time", 0))
    return Run(float(suite.get("time", 0)), tests, seconds)


def table(runs: Mapping[str, Run]) -> str:
    """Return the table in Markdown: a row for each suite, and the wall time of each command."""
    lines = [
        "| suite | proves | " + " | ".join(f"`{command}`" for command in runs) + " |",
        "|---|---|" + "--:|" * len(runs),
    ]
    for suite, proves in suites().items():
        cells = [f"{run.tests.get(suite, 0):,} tests, {run.seconds.get(suite, 0):.0f} s" for run in runs.values()]
        lines.append(f"| `tests/{suite}` | {proves} | " + " | ".join(cells) + " |")
    walls = [f"{sum(run.tests.values()):,} tests, {run.wall_s / 60:.1f} min" for run in runs.values()]
    lines.append("| all | wall time | " + " | ".join(walls) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Rewrite the table. Return 1 if a command has not been run."""
    missing = [command for command, junit in RUNS.items() if not junit.exists()]
    if missing:
        print(f"run first: {', '.join(missing)}", file=sys.stderr)
        return 1
    written = table({command: read(junit) for command, junit in RUNS.items()})
    PAGE.write_text(TABLE.sub(lambda match: match[1] + written + match[2], PAGE.read_text()))
    return 0


def _docstring(module: Path) -> str:
    """Return the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(module.read_text())) or ""
    return text.partition("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
