"""The other half of the histories of test_histories.py, for another process to live."""

import pytest

from .histories import MOST, happen

pytestmark = pytest.mark.slow


def test_every_odd_history_ends_exact_and_every_function_was_cut_off_at_every_call() -> None:
    happen(range(1, 2 * MOST, 2))
