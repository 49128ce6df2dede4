"""The README shows the results of the reference report."""

import json

import pytest

from tests.bench.readme import README, REPORT, TEXT, reference_text, with_results


def test_the_readme_shows_the_results_of_the_reference_report() -> None:
    text = README.read_text()
    assert with_results(text, json.loads(REPORT.read_text())) == text


def test_the_text_of_the_reference_is_rendered_from_its_figures() -> None:
    assert reference_text() == TEXT.read_text()


def test_a_readme_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        with_results("# No results", json.loads(REPORT.read_text()))
