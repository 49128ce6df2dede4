"""Draws of blocks, as a bootstrap makes them: a row says of each block how often it counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.int64]  # a row for each draw, a column for each block
Figures = NDArray[np.float64]  # one of each draw


def seeded(seed: str) -> np.random.Generator:
    """Return a generator that draws the same for the same words."""
    return np.random.default_rng([*seed.encode()])


def drawn_of(size: int, *, times: int, draw: np.random.Generator) -> Draws:
    """Draw as many of `size` things as there are, with replacement, so many times."""
    return draw.multinomial(size, [1 / size] * size, size=times)


def summed(draws: Draws, values: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of the values of each draw. values: of each block, or a row of them for each draw."""
    # In the order of the blocks, whatever the machine; the product of matrices adds up in an order of its own.
    total: NDArray[Any] = (draws * values).sum(axis=1)
    return total
