"""One day of both deployments in steps of a second: token buckets, pools, queues, locks and scaling.

A day of a million users has a billion requests, so this is a fluid model: rates flow, and the formulas of queueing.py give the
waits and cold starts of each step. It is exact for token buckets, backlogs, the growth of pools and the delay of scaling. Waits
and cold starts are those of an equilibrium at the mean rate of a minute. test_day.py compares it with every single request.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

import numpy as np

from loadtests.forecast.limits import HARD, Load, database_vcpus
from loadtests.forecast.parameters import Parameters
from loadtests.forecast.queueing import Floats, cold_share, environments, waiting
from loadtests.forecast.units import Runs

DAY_S, MINUTE_S, HOUR_S = 86_400, 60, 3_600
SEED = 1
FULL = 0.98  # an equilibrium is computed up to this utilisation; beyond it the backlog is the wait
BURST = 2.0  # standard deviations of the concurrency in a second for which there are environments
LEAST_RATE, LEAST_SERVICE_S = 1e-9, 1e-9


class Demand(NamedTuple):
    """Requests by second. hot: share of the votes and of the reads of posts that are for one post, the cause of the spike."""

    rate: Floats
    hot: Floats


class Delay(NamedTuple):
    """A wait by second. share: of the requests that meet it. They wait backlog_s, and a part of them (`probability`) longer."""

    share: Floats
    backlog_s: Floats
    probability: Floats
    mean_s: Floats


class Day(NamedTuple):
    """One side's day by second.

    failed: share of the requests. cold: cold starts that a request waits for. size: servers or environments. lag_s: of the hot
    post's score behind its votes.
    """

    failed: Floats
    cold: Floats
    size: Floats
    lag_s: Floats
    delays: Sequence[Delay] = ()


def demand(users: float, parameters: Parameters) -> Demand:
    """Return the requests of a day: a cosine with one spike at its peak, random from second to second."""
    value, second = parameters.value, np.arange(DAY_S, dtype=float)
    peak_s, trough = value("day.peak_hour") * HOUR_S, value("day.trough")
    daily = trough + (1 - trough) * (1 + np.cos((second - peak_s) * 2 * np.pi / DAY_S)) / 2
    since = (second - peak_s) % DAY_S
    ramp, length = value("day.spike_ramp"), value("day.spike_length")
    spike = np.clip(np.minimum(since / ramp, (length - since) / ramp + 1), 0, 1)
    rate = users / value("traffic.seconds_per_request") * daily * (1 + (value("day.spike") - 1) * spike)
    beyond = value("day.dispersion") - 1  # a mixture of Poisson distributions has a variance above its mean
    if beyond > 0:
        rate = np.random.default_rng(SEED).gamma(rate / beyond) * beyond
    return Demand(np.maximum(rate, LEAST_RATE), spike * value("hot.share"))


def bounded_backlog(inflow: Floats, outflow: Floats | float, limit: Floats | float) -> tuple[Floats, Floats]:
    """Return the backlog after each second, and what did not fit. A token bucket is the same: its backlog are the used tokens."""
    level, levels, lost = 0.0, np.zeros_like(inflow), np.zeros_like(inflow)
    if np.all(inflow <= outflow):
        return levels, lost
    rows = zip(*(np.broadcast_to(each, inflow.shape).tolist() for each in (inflow, outflow, limit)), strict=True)
    for second, (arrived, served, most) in enumerate(rows):
        if level or arrived > served:
            above = max(level + arrived - served, 0.0)
            level = min(above, most)
            levels[second], lost[second] = level, above - level
    return levels, lost


def trailing_maximum(values: Floats, seconds: int) -> Floats:
    """Return the maximum of the last `seconds` values, the present one included."""
    result, width = values, 1
    while width < seconds:
        step = min(width, seconds - width)
        result = np.concatenate([result[:step], np.maximum(result[step:], result[:-step])])
        width += step
    return result


def trailing_mean(values: Floats, seconds: int) -> Floats:
    """Return the mean of the last `seconds` values, the present one included."""
    sums: Floats = np.concatenate([np.zeros(1), np.cumsum(values)])
    after = np.arange(len(values)) + 1
    first = np.maximum(after - seconds, 0)
    return (sums[after] - sums[first]) / (after - first)


def services_day(offered: Demand, load: Load, parameters: Parameters, *, raised: bool, votes_per_second: float) -> Day:
    """Return the services' day. raised: soft limits are as high as needed. votes_per_second: that one shard counts."""
    allowed = _allowed(parameters, raised=raised)
    _, lost = bounded_backlog(offered.rate, allowed("gateway.requests_per_second"), allowed("gateway.burst"))
    rate, cold, size = offered.rate - lost, np.zeros(DAY_S), np.zeros(DAY_S)
    busy = rate * sum(one.runs * one.service_s for one in load.functions.values())
    throttled = _excess(busy, allowed("lambda.account_concurrency"))
    for one in load.functions.values():
        started, pool, short = _pool(rate, one, parameters, allowed("lambda.environments_per_second"))
        cold, size = cold + one.waited * started, size + pool
        throttled = np.maximum(throttled, min(one.waited, 1) * short)
    for kind, tables in (("writes", load.writes), ("reads", load.reads)):
        for units in tables.values():
            served = _table(rate * units, parameters, allowed(f"dynamodb.new_table_{kind}"))
            short = _excess(rate * units, np.minimum(served, allowed("dynamodb.table_units")))
            throttled = np.maximum(throttled, min(units, 1) * short)
    for key in load.keys:
        share = key.share * (offered.hot if key.is_hot else 1)
        throttled = throttled + share * _excess(rate * share * key.units, allowed(key.limit))
    backlog, _ = bounded_backlog(rate * load.votes * offered.hot, votes_per_second, inf)
    passed = (1 - lost / offered.rate) * (1 - np.minimum(throttled, 1))
    return Day(1 - passed, np.minimum(cold, 1), size, backlog / votes_per_second)


def monolith_day(offered: Demand, load: Load, parameters: Parameters, *, raised: bool) -> Day:
    """Return the monolith's day: servers that follow the CPU with a delay, one database, and a lock on the row of the hot post.

    raised: enough servers run before the spike, and the database is as large as the peak needs.
    """
    value, rate, none = parameters.value, offered.rate, np.zeros(DAY_S)
    vcpus, threads = int(value("server.vcpus")), int(value("server.threads"))
    target = value("server.target") / (value("day.spike") if raised else 1)
    wanted = np.ceil(trailing_mean(rate, MINUTE_S) * load.cpu_s / vcpus / target)
    wanted = np.clip(wanted, value("server.least"), _allowed(parameters, raised=raised)("server.most"))
    late = int(value("server.scale_out"))
    started = np.concatenate([np.full(late, wanted[0]), wanted[:-late]])
    servers = trailing_maximum(started, int(value("server.scale_in")))
    size = int(database_vcpus(load, rate.max(), parameters) if raised else value("database.vcpus"))
    queue, hot = partial(_delay, rate, patience_s=value("server.patience")), load.votes * offered.hot
    lock, lock_lost = queue(load.lock_s, width=1, share=hot, cv2=0.0)
    cpu, cpu_lost = queue(load.cpu_s, width=vcpus, stations=servers, cv2=load.cv2)
    database, database_lost = queue(load.database_s, width=size)
    held_s = load.service_s + database.mean_s + hot * (lock.mean_s + lock.backlog_s)
    pool, pool_lost = queue(held_s, width=threads, stations=servers, cv2=load.cv2)
    passed = (1 - hot * lock_lost) * (1 - np.maximum.reduce([cpu_lost, database_lost, pool_lost]))
    return Day(1 - passed, none, servers, none, (lock, cpu, database, pool))


def _allowed(parameters: Parameters, *, raised: bool) -> Callable[[str], float]:
    """Return a function of a limit's name. raised: only hard limits hold."""
    return lambda name: inf if raised and name not in HARD else parameters.value(name)


def _delay(
    rate: Floats, service_s: Floats | float, *, width: int, patience_s: float, stations: Floats | float = 1.0,
    share: Floats | float = 1.0, cv2: float = 1.0,
) -> tuple[Delay, Floats]:  # fmt: skip
    """Return the wait in front of identical stations of `width` servers each, and the share that gives up after patience_s."""
    arrivals = np.maximum(rate * share, LEAST_RATE)
    capacity = stations * width / np.maximum(service_s, LEAST_SERVICE_S) + 0 * rate
    backlog, lost = bounded_backlog(arrivals, capacity, patience_s * capacity)
    usual = np.minimum(trailing_mean(arrivals, MINUTE_S), FULL * capacity) / stations
    wait = waiting(usual, service_s, servers=width, service_cv2=cv2)
    mean_s = np.minimum(wait.mean_s, patience_s)
    return Delay(share + 0 * rate, backlog / capacity, wait.probability, mean_s), lost / arrivals


def _pool(rate: Floats, function: Runs, parameters: Parameters, per_second: float) -> tuple[Floats, Floats, Floats]:
    """Return a function's cold starts for each run, its environments, and the share of the runs for which there is none.

    The pool follows the mean rate of a minute, and bursts within it. Cold starts are those by which it grows; if that is less,
    those of the equilibrium at the mean rate of the expiry time.
    """
    runs, service_s = rate * function.runs, function.service_s
    expiry_s, busy = parameters.value("lambda.idle_expiry"), runs * service_s
    window = int(expiry_s)
    usual = environments(trailing_mean(runs, MINUTE_S), service_s, expiry_s)
    equilibrium = cold_share(trailing_mean(runs, window), service_s, expiry_s)
    pool = trailing_maximum(np.maximum(usual, busy + BURST * np.sqrt(busy)), window)
    if np.isfinite(per_second):
        second = per_second * np.arange(DAY_S)
        pool = np.minimum.accumulate(pool - second) + second
    grown = np.maximum(np.diff(pool, prepend=pool[0]), 0)
    started = grown + np.maximum(runs * equilibrium - trailing_mean(grown, window), 0)
    return started / np.maximum(runs, LEAST_RATE), pool, _excess(busy, pool)


def _table(units: Floats, parameters: Parameters, least: float) -> Floats:
    """Return the units a second that a table on demand serves: a new table's, or twice the peak before the last half hour."""
    late = int(parameters.value("dynamodb.growth_s"))
    earlier = np.concatenate([np.zeros(late), np.maximum.accumulate(units)[:-late]])
    return np.maximum(least, parameters.value("dynamodb.growth") * earlier)


def _excess(demanded: Floats, allowed: Floats | float) -> Floats:
    """Return the share of the demand that exceeds what is allowed."""
    return np.maximum(1 - allowed / np.maximum(demanded, LEAST_RATE), 0)
