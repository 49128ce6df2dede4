"""Student's t, for whole degrees of freedom: how far a mean of few may lie from the truth by chance alone."""

from math import atan, cos, inf, pi, sin, sqrt


def chance(t: float, freedom: int) -> float:
    """Return how likely a t as far from 0 as this one is, on either side, where there is no difference; freedom >= 1.

    The sums are Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
    """
    if t in (inf, -inf):
        return 0.0
    angle = atan(abs(t) / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(3 - (1 - odd), freedom - 1, 2):
        term *= cos(angle) ** 2 * (step - 1) / step
        total += term
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return max(0.0, 1 - within)


def reach(confidence: float, freedom: int) -> float:
    """Return the t that chance alone stays within in this share of all cases, such as 0.99."""
    low, high = 0.0, 1.0
    while chance(high, freedom) > 1 - confidence:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle, freedom) < 1 - confidence else (middle, high)
    return high
