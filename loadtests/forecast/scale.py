"""The path to a million users (`modelled`): a day of both deployments for each population, and the ladder of limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import to_builtins
from msgspec.structs import replace
from numpy.typing import NDArray

from loadtests import mixes
from loadtests.forecast import costs, latency
from loadtests.forecast import day as days
from loadtests.forecast.day import DAY_S, LEAST_RATE, MINUTE_S, SEED, Day, Demand
from loadtests.forecast.limits import HARD, VOTE, Limit, Load, limits, load_of, peak_rate
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.queueing import Floats
from loadtests.forecast.traffic import Traffic
from loadtests.forecast.units import run_ms
from loadtests.metering.counts import MONOLITH, SERVICES, Metering
from loadtests.results import SIDES
from microservices.votes.leaderboard import MAX_VOTES_PER_TRANSACTION

CHAPTER, MIX = "scale", "everything"
DECADES = tuple(10.0**power for power in range(7))
SAMPLES, PERCENTILES = 40_000, (50, 95, 99)
PROJECTION, LAG = "votes-projection", "vote_to_post_score"
FORM = {MONOLITH: costs.LIKE_FOR_LIKE, SERVICES: costs.FUNCTIONS}
PARAMETERS = ("day", "hot", "server", "database", "traffic", "websocket", "scale")
Figures = dict[str, Any]


def chapter(
    metering: Metering, parameters: Parameters, *, populations: Sequence[float] = DECADES, mix: str = MIX
) -> Figures:
    """Return the chapter: the figures of each population and side, and the ladder of limits."""
    load = load_of(costs.mix_of(metering, mixes.by_name(mix).journeys), metering, parameters)
    ladder = limits(load, parameters, shards=metering.resources.get("kinesis_shards", 1.0))
    model, below, rows = _model(metering, load, parameters), 0.0, []
    for users in sorted(populations):
        for row in _population(users, model):
            ahead = [one for one in ladder if one.side == row["side"] and one.users > below]
            described = zip(("limit", "next"), (_described(one, parameters) for one in ahead), strict=False)
            rows.append(row | dict(described))
        below = users
    used = {name for name in parameters.figures if name.partition(".")[0] in PARAMETERS} | {one.name for one in ladder}
    return {
        "origin": "modelled", "region": parameters.region, "mix": mix, "populations": rows,
        "validated_to": parameters.value("scale.validated") / peak_rate(parameters),
        "limits": [_described(one, parameters) for one in ladder],
        "parameters": {name: to_builtins(parameters.figures[name]) for name in sorted(used)},
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What all populations share. times_ms: of requests without waiting, by side. cold_ms: of requests with cold starts.

    lag_ms: from a vote to its score. votes_per_second: that one shard of the votes' stream counts.
    """

    parameters: Parameters
    load: Load
    bill: costs.Model
    times_ms: Mapping[str, Floats]
    cold_ms: Floats
    lag_ms: Floats
    votes_per_second: float


def _model(metering: Metering, load: Load, parameters: Parameters) -> _Model:
    vote = metering.operations[SERVICES][VOTE]
    counting = next(work for work in vote.work if work.name == PROJECTION)
    full = replace(counting, cpu_ms=counting.cpu_ms / counting.records * MAX_VOTES_PER_TRANSACTION)
    full_ms = run_ms(full, metering.functions[PROJECTION], parameters)  # the calls of one run, the CPU of each vote
    return _Model(
        parameters=parameters,
        load=load,
        bill=costs.model_of(metering, load.mix, parameters),
        times_ms={side: _times_ms(side, metering, load, parameters, cold_share=0.0) for side in SIDES},
        cold_ms=_times_ms(SERVICES, metering, load, parameters, cold_share=1.0),
        lag_ms=latency.services_lag(LAG, vote, latency.Model(parameters, metering.functions, SAMPLES)),
        votes_per_second=MAX_VOTES_PER_TRANSACTION / full_ms * 1000,
    )


def _times_ms(side: str, metering: Metering, load: Load, parameters: Parameters, *, cold_share: float) -> Floats:
    """Return samples of the mix's response times without waiting."""
    parts_of = latency.monolith_parts if side == MONOLITH else latency.services_parts
    samples = []
    for name, share in load.mix.items():
        model = latency.Model(parameters, metering.functions, max(1, round(SAMPLES * share)), cold_share)
        samples.append(sum(parts_of(metering.operations[side][name], model).values(), model.zero()))
    return np.concatenate(samples)


def _population(users: float, model: _Model) -> Iterator[Figures]:
    """Yield the figures of both sides. All but `errors_at_defaults_percent` are those with raised soft limits."""
    offered, random = days.demand(users, model.parameters), np.random.default_rng(SEED)
    rate = offered.rate
    traffic = Traffic("", np.asarray(days.trailing_mean(rate, MINUTE_S).max()), np.asarray(rate.mean()))
    for side in SIDES:
        at_defaults = _day(side, offered, model, raised=False)
        no_limit_met = side == SERVICES and not at_defaults.failed.any()
        day = at_defaults if no_limit_met else _day(side, offered, model, raised=True)
        succeeded = rate * (1 - day.failed)
        seconds = random.choice(DAY_S, SAMPLES, p=succeeded / succeeded.sum())
        times_ms = _times_in(seconds, day, model, side, random)
        late_s = day.lag_s[seconds] * (random.random(SAMPLES) < offered.hot[seconds])
        lags_ms = model.lag_ms + 1000 * late_s if side == SERVICES else late_s
        dollars = float(costs.total(costs.costs(model.bill, FORM[side], traffic)))
        percents = {
            "errors": 1 - succeeded.sum() / rate.sum(),
            "errors_at_defaults": np.sum(rate * at_defaults.failed) / rate.sum(),
            "cold": np.sum(rate * day.cold) / rate.sum(),
        }
        yield {
            "users": users, "side": side, "rate": float(rate.max()),
            **{f"p{point}_ms": float(np.percentile(times_ms, point)) for point in PERCENTILES},
            **{f"lag_p{point}_ms": float(np.percentile(lags_ms, point)) for point in PERCENTILES[:2]},
            **{f"{name}_percent": 100 * float(share) for name, share in percents.items()},
            "size": float(day.size.mean()), "most": float(day.size.max()),
            "dollars": dollars if np.isfinite(dollars) else None,
        }  # fmt: skip


def _day(side: str, offered: Demand, model: _Model, *, raised: bool) -> Day:
    if side == MONOLITH:
        return days.monolith_day(offered, model.load, model.parameters, raised=raised)
    counted = model.votes_per_second
    return days.services_day(offered, model.load, model.parameters, raised=raised, votes_per_second=counted)


def _times_in(seconds: NDArray[np.int64], day: Day, model: _Model, side: str, random: np.random.Generator) -> Floats:
    """Return the response times of single requests in these seconds."""
    many = len(seconds)
    is_cold = random.random(many) < day.cold[seconds]
    times_ms = np.where(is_cold, random.choice(model.cold_ms, many), random.choice(model.times_ms[side], many))
    for delay in day.delays:
        meets, waits = (random.random(many) < share for share in (delay.share[seconds], delay.probability[seconds]))
        if_waiting = delay.mean_s[seconds] / np.maximum(delay.probability[seconds], LEAST_RATE)
        times_ms += 1000 * meets * (delay.backlog_s[seconds] + waits * random.exponential(if_waiting))
    return times_ms


def _described(limit: Limit, parameters: Parameters) -> Figures:
    figure = parameters.figure(limit.name)
    return {
        "side": limit.side, "name": limit.name, "what": limit.what, "users": limit.users, "capacity": limit.capacity,
        "unit": figure.unit, "hard": limit.name in HARD, "lifted_by": figure.note, "assumed": figure.assumed,
    }  # fmt: skip
