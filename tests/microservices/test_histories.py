"""Random histories end with exact data, whatever faults happen on the way: a few, then 500 in parts that run in parallel."""

import pytest

from .histories import EACH, MOST, run_histories, run_until_interrupted_everywhere

pytestmark = pytest.mark.slow
FEW = 20
PARTS = 4


def test_random_histories_end_with_exact_data() -> None:
    run_histories(range(FEW))


@pytest.mark.deep
@pytest.mark.parametrize("part", range(1, PARTS))
def test_many_random_histories_end_with_exact_data(part: int) -> None:
    run_histories(range(part, EACH * PARTS, PARTS))


@pytest.mark.deep
def test_histories_end_with_exact_data_until_every_function_was_interrupted_at_every_call() -> None:
    run_until_interrupted_everywhere(range(0, MOST * PARTS, PARTS))
