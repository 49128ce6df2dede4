"""The README shows the reference report, and nothing else."""

import json

import pytest

from loadtests.report.readme_table import BEGIN, END, README, REPORT, with_results


def test_the_readme_shows_the_figures_of_the_reference_report() -> None:
    readme = README.read_text()
    assert with_results(readme, json.loads(REPORT.read_text())) == readme


def test_a_readme_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        with_results("# No results", json.loads(REPORT.read_text()))
    assert BEGIN != END
