"""Processor time below a whole processor: pauses, proportions, agreement with a step by step count."""

import numpy as np
import pytest

from loadtests.forecast import parameters
from loadtests.forecast.queueing import elapsed_ms, mean_elapsed_ms

FIGURES = parameters.load()
WHOLE = FIGURES.value("lambda.mb_per_vcpu")


def test_work_that_fits_into_its_share_of_a_period_is_not_slowed_down() -> None:
    assert elapsed_ms(5, 0.25, period_ms=20, phases=np.array([0.0, 0.5])) == pytest.approx([5, 5])


def test_longer_work_pauses_until_the_next_periods() -> None:
    taken = elapsed_ms(12, 0.25, period_ms=20, phases=np.array([0.0, 0.5, 0.9]))
    assert taken == pytest.approx([20 + 20 + 2, 10 + 20 + 2, 2 + 20 + 5])  # 5 + 5 + 2, 5 + 5 + 2, 2 + 5 + 5


def test_twice_the_memory_halves_the_time_of_long_work_until_a_whole_processor() -> None:
    times = [mean_elapsed_ms(4000, memory, FIGURES) for memory in (256, 512, WHOLE, 2 * WHOLE)]
    assert times[0] == pytest.approx(2 * times[1], rel=0.01)
    assert times[2:] == [4000, 4000]


@pytest.mark.parametrize("share", [0.07, 0.29, 0.6])
def test_the_formula_equals_a_count_step_by_step(share: float) -> None:
    step_ms, phase = 0.001, 0.37
    at, used, left = phase * 20, 0.0, 33.0
    while left > step_ms / 2:
        if used < share * 20 - step_ms / 2:
            used, left = used + step_ms, left - step_ms
        at += step_ms
        if at % 20 < step_ms:
            used = 0.0
    taken = elapsed_ms(33, share, period_ms=20, phases=np.array([phase]))
    assert taken[0] == pytest.approx(at - phase * 20, abs=0.2)
