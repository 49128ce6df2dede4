"""Unit 7: compare the meter with a count by hand for ten requests, then the student's break-even with the model's."""

from loadtests import mixes
from loadtests.forecast import breakeven, costs
from loadtests.forecast.parameters import REGIONS, load
from loadtests.forecast.traffic import parse
from loadtests.forecast.units import units_of
from loadtests.metering.counts import SERVICES, read
from loadtests.report import REFERENCE
from tests.loadtests.explain.hand_count import SERVICES as BY_HAND
from workshop.checking import CheckFailed, read_answers, require_number

# A visitor's ten requests, cheapest first, so that the first wrong one is the smallest counter-example.
REQUESTS = (
    "GET /users/me", "PATCH /users/me", "POST /feedback", "POST /tokens", "POST /users",
    "PATCH /posts/{post_id}", "PUT /posts/{post_id}/vote", "DELETE /posts/{post_id}/vote", "POST /orders", "POST /posts",
)  # fmt: skip
UNIT = "dynamodb.write_units"
TRAFFIC = "50rps flat"
FACTOR = 1.3


def check() -> None:
    """Raise CheckFailed for the first request whose write units differ from the count by hand, or for a wrong answer."""
    metering, parameters = read(REFERENCE), load(REGIONS[0])
    for name in REQUESTS:
        metered = units_of(SERVICES, name, metering=metering, parameters=parameters).get(UNIT, 0.0)
        by_hand = BY_HAND[name].get("write", 0.0)
        if abs(metered - by_hand) > 0.01 * max(by_hand, 1):
            raise CheckFailed(
                f"{name}\n  write units by the meter  {metered:g}\n  write units by hand       {by_hand:g}"
            )
    answers = read_answers("predicted_monolith_usd", "predicted_services_usd", "break_even_rps", "compute_percent")
    for name in ("predicted_monolith_usd", "predicted_services_usd"):
        require_number(answers, name, low=0, high=1e9, why="Any guess counts, if it was made before.")
    model = costs.model_of(metering, costs.mix_of(metering, mixes.by_name("everything").journeys), parameters)
    rate = breakeven.break_even(model)
    require_number(
        answers, "break_even_rps", low=rate / FACTOR, high=rate * FACTOR, why="`python -m loadtests bill` prints it."
    )
    parts = costs.costs(model, costs.FUNCTIONS, parse(TRAFFIC, parameters))
    share = 100 * float(parts["lambda.gb_seconds"]) / float(costs.total(parts))
    why = "Divide the line lambda.gb_seconds by the month of the functions."
    require_number(answers, "compute_percent", low=share - 3, high=share + 3, why=why)
