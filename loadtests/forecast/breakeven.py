"""The rate and the duty cycle at which the functions cost as much as the monolith, and the assumptions that move them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import NamedTuple

import numpy as np

from loadtests.forecast.costs import FORMS, FUNCTIONS, LIKE_FOR_LIKE, Model, costs, total
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.traffic import Floats, Traffic, flat

LEAST_RPS, MOST_RPS = 0.01, 1e5
POINTS = 401  # of the search: neighbours differ by 4 %, and the crossing is interpolated
SAMPLES = 60  # of an interval
MOST_ASSUMPTIONS = 10
OTHER_FORMS = tuple(form for form in FORMS if form != FUNCTIONS)
LOG_POLICY = "logs.share"
Build = Callable[[Parameters], Model]
Ranges = Mapping[str, tuple[float, float]]


class Swing(NamedTuple):
    """The break-evens at the two ends of an assumption's range."""

    name: str
    ends: tuple[float, float]
    rates: tuple[float, float]


def break_even(model: Model, form: str = LIKE_FOR_LIKE) -> float:
    """Return the rate from which the functions cost more than another form: 0 if always, infinite if never."""
    return break_evens(model, (form,))[form]


def break_evens(model: Model, forms: Iterable[str] = OTHER_FORMS) -> dict[str, float]:
    """Return the break-even of the functions with each form."""
    traffic = flat(np.geomspace(LEAST_RPS, MOST_RPS, POINTS))
    functions = total(costs(model, FUNCTIONS, traffic))
    return {form: _crossing(traffic.mean, functions - total(costs(model, form, traffic))) for form in forms}


def duty_cycle(model: Model, form: str, peak: Floats) -> float:
    """Return the share of a month at a peak rate from which the functions cost more: 0 if always, infinite if never."""
    shares = np.linspace(0, 1, POINTS)
    traffic = Traffic("", np.full_like(shares, float(peak)), shares * peak)
    return _crossing(shares, total(costs(model, FUNCTIONS, traffic)) - total(costs(model, form, traffic)))


def sample(build: Build, parameters: Parameters, spans: Ranges) -> Iterator[Model]:
    """Yield models with every assumption drawn from its range, log-uniform where that is possible."""
    draw = np.random.default_rng(1)
    for _ in range(SAMPLES):
        shares = draw.random(len(spans)).tolist()
        yield build(
            parameters.with_values(
                (name, _within(*spans[name], share)) for name, share in zip(spans, shares, strict=True)
            )
        )


def swings(build: Build, parameters: Parameters, spans: Ranges) -> list[Swing]:
    """Return the assumptions that move the break-even most, the log policy among them, the widest first."""
    results = []
    for name, ends in spans.items():
        low, high = (break_even(build(parameters.with_value(name, end))) for end in ends)
        results.append(Swing(name, ends, (low, high)))
    results.sort(key=lambda one: -abs(np.subtract(*np.log(np.clip(one.rates, LEAST_RPS, MOST_RPS)))))
    policy = [one for one in results[MOST_ASSUMPTIONS:] if one.name == LOG_POLICY]
    return [*results[: MOST_ASSUMPTIONS - len(policy)], *policy]


def _within(low: float, high: float, share: float) -> float:
    return low * (high / low) ** share if low > 0 else low + (high - low) * share


def _crossing(points: Floats, excess: Floats) -> float:
    """Return the point from which the excess is not negative, interpolated: 0 if it is the first, infinite if there is none."""
    above = excess >= 0
    place = int(above.argmax())
    if not above.any() or place == 0:
        return 0.0 if above.any() else inf
    (before, after), (low, high) = points[place - 1 : place + 1], excess[place - 1 : place + 1]
    return float(before + (after - before) * low / (low - high))
