"""Random histories end with exact data, whatever faults happen on the way: a few of them, then all even ones."""

import pytest

from .histories import MOST, run_histories, run_until_interrupted_everywhere

pytestmark = pytest.mark.slow
FEW = 20


def test_random_histories_end_with_exact_data() -> None:
    run_histories(range(FEW))


@pytest.mark.deep
def test_every_even_history_ends_with_exact_data_and_interrupts_every_function_at_every_call() -> None:
    run_until_interrupted_everywhere(range(0, 2 * MOST, 2))
