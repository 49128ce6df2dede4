"""Whatever happens to messages and functions on the way, everything comes out exact in the end: here, in every other history."""

import pytest

from .histories import MOST, happen

pytestmark = pytest.mark.slow


def test_every_even_history_ends_exact_and_every_function_was_cut_off_at_every_call() -> None:
    happen(range(0, 2 * MOST, 2))
