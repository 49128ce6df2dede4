"""`validate`: the page is up to date, the figures to reach are reached, misses are shown, every table states its source."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from loadtests.__main__ import main
from loadtests.forecast import published, validate
from loadtests.forecast.published import Check


def test_the_command_prints_every_check_and_the_page_in_docs_is_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "--page", str(tmp_path / "page.md")]) == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page == validate.PAGE.read_text(encoding="utf-8"), "run: python -m loadtests validate"
    printed = " ".join(capsys.readouterr().out.split())
    for line in page.splitlines():
        assert not line.startswith("- ") or line.removeprefix("- ") in printed
    assert printed.count("**missed**") == page.count("**missed**") > 0


@pytest.mark.parametrize("make", [published.price_by_memory, published.audited_ratios, published.quotients])
def test_each_published_price_ratio_and_throughput_is_computed_within_its_tolerance(
    make: Callable[[], Iterable[Check]],
) -> None:
    made = list(make())
    assert len([check for check in made if check.holds]) >= 2
    assert not [check.name for check in made if check.holds is False]


def test_the_p99_of_both_hosts_is_predicted_within_a_quarter() -> None:
    made = [check for check in published.two_hosts() if "p99 " in check.name]
    assert [(check.holds, check.tolerance) for check in made] == [(True, 0.25)] * 2


def test_a_check_holds_up_to_its_tolerance_in_both_directions() -> None:
    results = {predicted: _check(predicted).holds for predicted in (89.0, 91.0, 109.0, 111.0)}
    assert results == {89.0: False, 91.0: True, 109.0: True, 111.0: False}
    assert _check(100.4, tolerance=0.5, is_absolute=True).holds
    assert not _check(100.6, tolerance=0.5, is_absolute=True).holds
    assert _check(1, observed=None).holds is None


def test_missed_checks_stay_in_the_page_and_are_counted() -> None:
    def quotients() -> list[Check]:
        return [_check(109.0), _check(150.0)]

    page = validate.page(validate.make([quotients]))
    assert "| planted | 150 | 100 | +50.0 % | 10.0 % | **missed** |" in page
    assert "- Arithmetic: 1 hold, 1 missed." in page


@pytest.mark.parametrize("file", sorted(published.PUBLISHED.glob("*.csv")), ids=lambda file: file.stem)
def test_a_published_table_has_its_source_its_date_and_every_cell(file: Path) -> None:
    assert re.match(r"# .+; read 20\d\d-\d\d-\d\d", file.read_text(encoding="utf-8").splitlines()[0])
    rows = published.read_table(file.stem)
    assert rows
    assert not [row for row in rows if None in row or None in row.values()]


def _check(
    predicted: float, *, observed: float | None = 100.0, tolerance: float = 0.1, is_absolute: bool = False
) -> Check:
    return Check("planted", predicted, observed, tolerance, is_absolute)
