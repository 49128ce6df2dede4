"""The table of suites in CONTRIBUTING.md is generated, and it names every suite."""

import re
from pathlib import Path

import pytest

from tests import durations

JUNIT = """<testsuites><testsuite time="90.4">
<testcase classname="tests.domain.test_rules" name="one" time="1.5"/>
<testcase classname="tests.domain.test_rules" name="two" time="2.1"/>
<testcase classname="tests.monolith.test_start" name="three" time="30"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def run(tmp_path: Path) -> durations.Run:
    file = tmp_path / "test.xml"
    file.write_text(JUNIT)
    return durations.read(file)


def test_a_run_counts_the_tests_and_seconds_of_each_suite_without_skipped_tests(run: durations.Run) -> None:
    assert run.wall_s == 90.4
    assert run.tests == {"domain": 2}
    assert run.seconds == pytest.approx({"domain": 3.6})


def test_the_table_has_a_row_for_each_suite_and_a_column_for_each_command(run: durations.Run) -> None:
    lines = durations.table({"make test": run}).splitlines()
    assert lines[0] == "| suite | proves | `make test` |"
    assert next(line for line in lines if line.startswith("| `tests/domain` |")).endswith("| 2 tests, 4 s |")
    assert lines[-1] == "| all | wall time | 2 tests, 1.5 min |"


def test_every_suite_says_what_it_proves() -> None:
    assert [suite for suite, proves in durations.suites().items() if not proves] == []


def test_the_page_names_every_suite_and_both_commands() -> None:
    table = durations.TABLE.search(durations.PAGE.read_text())
    assert table is not None
    assert set(re.findall(r"^\| `tests/(\w+)` \|", table[0], re.MULTILINE)) == set(durations.suites())
    assert [f"`{command}`" for command in durations.RUNS] == re.findall(r"`make [a-z-]+`", table[0].splitlines()[1])
