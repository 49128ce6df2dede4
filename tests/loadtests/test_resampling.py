"""What may be said of two sides, and what may not."""

from random import Random

from loadtests.latency import histogram_of
from loadtests.resampling import ratio_of_p95


def blocks(seed: str, *, slower: float = 1.0, count: int = 9) -> list[object]:
    """Return blocks of 60 latencies each, of which every block has its own luck."""
    draw = Random(seed)
    lucks = [draw.lognormvariate(0, 0.1) for _ in range(count)]
    return [histogram_of(10 * slower * luck * draw.lognormvariate(0, 0.4) for _ in range(60)) for luck in lucks]


def test_the_same_data_is_within_noise() -> None:
    same = blocks("a")
    ratio = ratio_of_p95(same, same, seed="test")
    assert ratio.value == 1
    assert ratio.low <= 1 <= ratio.high
    assert ratio.verdict == "within noise"


def test_two_runs_of_one_system_are_within_noise() -> None:
    for run in range(10):
        assert ratio_of_p95(blocks(f"a{run}"), blocks(f"b{run}"), seed="test").verdict == "within noise"


def test_half_as_fast_is_said_so() -> None:
    ratio = ratio_of_p95(blocks("a"), blocks("b", slower=2), seed="test")
    assert ratio.low < ratio.value < ratio.high
    assert ratio.verdict == "monolith"
    assert ratio_of_p95(blocks("a", slower=2), blocks("b"), seed="test").verdict == "microservices"


def test_a_difference_too_small_to_matter_is_within_noise_however_sure_it_is() -> None:
    first, second = [histogram_of([100.0] * 50)] * 9, [histogram_of([103.0] * 50)] * 9
    assert ratio_of_p95(first, second, seed="test").verdict == "within noise"


def test_the_same_run_gives_the_same_interval() -> None:
    assert ratio_of_p95(blocks("a"), blocks("b"), seed="x") == ratio_of_p95(blocks("a"), blocks("b"), seed="x")
