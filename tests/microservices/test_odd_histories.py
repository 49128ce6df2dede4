"""The odd histories of histories.py, in a module of their own so that another process can run them."""

import pytest

from .histories import MOST, run_until_interrupted_everywhere

pytestmark = [pytest.mark.slow, pytest.mark.deep]


def test_every_odd_history_ends_with_exact_data_and_interrupts_every_function_at_every_call() -> None:
    run_until_interrupted_everywhere(range(1, 2 * MOST, 2))
