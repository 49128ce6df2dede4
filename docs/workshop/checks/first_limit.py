"""Unit 8: compare the student's first limits with the ladder that the model computes."""

from typing import Any

from loadtests import mixes
from loadtests.forecast import costs
from loadtests.forecast.limits import HARD, Limit, limits, load_of
from loadtests.forecast.parameters import REGIONS, load
from loadtests.metering.counts import MONOLITH, SERVICES, read
from loadtests.report import REFERENCE
from workshop.checking import ANSWERS, CheckFailed, read_answers, require_number

FACTOR = 1.5


def check() -> None:
    """Raise CheckFailed for the first answer that differs from the ladder."""
    answers = read_answers(
        "monolith_limit",
        "monolith_users",
        "microservices_limit",
        "microservices_users",
        "first_hard_limit",
        "hard_side",
    )
    rows = ladder()
    for side in (MONOLITH, SERVICES):
        own = [limit for limit in rows if limit.side == side]
        _require_first(answers, f"{side}_limit", own)
        users = own[0].users
        why = "It is the population in the table of limits."
        require_number(answers, f"{side}_users", low=users / FACTOR, high=users * FACTOR, why=why)
    hard = [limit for limit in rows if limit.name in HARD]
    _require_first(answers, "first_hard_limit", hard)
    if answers["hard_side"] != hard[0].side:
        raise CheckFailed(
            f"{ANSWERS}: `hard_side` is {answers['hard_side']!r}. Which side has the limit {hard[0].name}?"
        )


def ladder() -> list[Limit]:
    """Return the limits of both sides, the lowest population first."""
    metering, parameters = read(REFERENCE), load(REGIONS[0])
    mix = costs.mix_of(metering, mixes.by_name("everything").journeys)
    shards = metering.resources.get("kinesis_shards", 1.0)
    return limits(load_of(mix, metering, parameters), parameters, shards=shards)


def _require_first(answers: dict[str, Any], name: str, rows: list[Limit]) -> None:
    chosen = answers[name]
    if chosen == rows[0].name:
        return
    known = {limit.name: limit for limit in reversed(rows)}
    if chosen not in known:
        raise CheckFailed(f"{ANSWERS}: `{name}` is {chosen!r}, which is no limit there. The names are in {ANSWERS}.")
    raise CheckFailed(
        f"{ANSWERS}: `{name}` is {chosen}, which {known[chosen].users:,.0f} users reach. "
        f"Another limit is reached before, at {rows[0].users:,.0f} users."
    )
