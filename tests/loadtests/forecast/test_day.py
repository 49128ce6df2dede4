"""The day in steps of a second, compared with a simulation of every request, and its limits, with sums by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from loadtests.forecast.day import (
    DAY_S,
    Day,
    Demand,
    bounded_backlog,
    demand,
    monolith_day,
    services_day,
    trailing_maximum,
)
from loadtests.forecast.limits import WRITES, Key, Load, Runs
from loadtests.forecast.parameters import Parameters, load
from loadtests.forecast.queueing import Floats
from tests.loadtests.forecast.simulations import simulate_pool, simulate_waiting

EVENING = slice(19 * 3600, 20 * 3600 + 900)  # with the spike at 20:00


def _load(**parts: Any) -> Load:
    defaults: dict[str, Any] = {
        "mix": {}, "functions": {}, "writes": {}, "reads": {}, "keys": (), "votes": 0.0, "views": 0.0,
        "cpu_s": 0.0, "cv2": 0.0, "service_s": 0.0, "database_s": 0.0, "lock_s": 0.0,
    }  # fmt: skip
    return Load(**{**defaults, **parts})


def _with(changes: Mapping[str, float]) -> Parameters:
    parameters = load()
    for name, value in changes.items():
        parameters = parameters.with_value(name, value)
    return parameters


def _flat(rate: float, *, hot: float = 0.0) -> Demand:
    return Demand(np.full(DAY_S, rate), np.full(DAY_S, hot))


def _arrivals(rate: Floats, random: np.random.Generator) -> Floats:
    """Return the times of single requests at a rate for each second."""
    counts = random.poisson(rate)
    return np.sort(np.repeat(np.arange(len(rate)), counts) + random.random(counts.sum()))


def _services(offered: Demand, *, raised: bool = False, parameters: Parameters | None = None, **parts: Any) -> Day:
    return services_day(offered, _load(**parts), parameters or load(), raised=raised, votes_per_second=100.0)


@pytest.mark.one_variant("dispersion")
@pytest.mark.parametrize(
    ("users", "dispersion", "tolerance"), [(3, 1, 0.4), (300, 1, 0.2), (3000, 1, 0.1), (3000, 2, 0.2)]
)
def test_cold_starts_and_environments_are_those_of_a_simulation_of_every_request(
    users: float, dispersion: float, tolerance: float
) -> None:
    offered, random = demand(users, _with({"day.dispersion": dispersion})), np.random.default_rng(5)
    day = _services(offered, raised=True, functions={"posts-http": Runs(1, 1, 0.05)})
    arrivals = _arrivals(offered.rate, random)
    exact = simulate_pool(arrivals, random.gamma(4, 0.05 / 4, len(arrivals)), 600)
    started = np.sum(offered.rate * day.cold) + day.size[0]  # the simulation begins without environments
    assert started == pytest.approx(exact.is_cold.sum(), rel=tolerance)
    mean = np.average(day.size, weights=offered.rate)
    assert mean == pytest.approx(exact.environments.mean(), rel=0.1)


@pytest.mark.parametrize(("users", "dispersion"), [(300, 1), (900, 1), (900, 10)])
def test_waits_at_the_server_are_those_of_a_simulation_of_every_request(users: float, dispersion: float) -> None:
    parameters = _with({"day.dispersion": dispersion, "server.least": 1, "server.most": 1, "server.threads": 1000})
    offered, random = demand(users, parameters), np.random.default_rng(5)
    day = monolith_day(offered, _load(cpu_s=0.02, service_s=0.02, cv2=0.5), parameters, raised=False)
    arrivals = _arrivals(offered.rate[EVENING], random)
    exact = simulate_waiting(arrivals, random.gamma(2, 0.01, len(arrivals)), servers=2)
    cpu = day.delays[1]
    modelled = np.average((cpu.backlog_s + cpu.mean_s)[EVENING], weights=offered.rate[EVENING])
    assert modelled == pytest.approx(exact.mean(), rel=0.2)


def test_the_gateway_answers_429_beyond_its_bucket_and_its_rate() -> None:
    day = _services(_flat(20_000), functions={"posts-http": Runs(1, 1, 0.01)})
    assert day.failed[0] == pytest.approx((10_000 - 5_000) / 20_000)  # the bucket serves half of the excess
    assert day.failed[100] == pytest.approx(0.5)


def test_more_concurrent_runs_than_the_account_may_have_are_throttled() -> None:
    functions = {"posts-http": Runs(1, 1, 0.5)}
    assert _services(_flat(4_000), functions=functions).failed[-1] == pytest.approx(0.5)
    assert _services(_flat(4_000), functions=functions, raised=True).failed[-1] == 0


def test_a_pool_grows_by_a_hundred_environments_a_second() -> None:
    rate = np.full(DAY_S, 1.0)
    rate[1000:1300] = 4_000.0
    day = _services(Demand(rate, np.zeros(DAY_S)), functions={"posts-http": Runs(1, 1, 0.2)})
    before = day.size[999]
    assert day.size[1003] == pytest.approx(before + 400, rel=0.01)
    assert day.failed[1003] == pytest.approx(1 - day.size[1003] / 800)


def test_one_partition_key_serves_a_thousand_writes_and_no_setting_changes_that() -> None:
    key = Key("votes for one post", WRITES, share=0.5, units=2, is_hot=True)
    day = _services(_flat(4_000, hot=0.5), raised=True, keys=[key])
    assert day.failed[-1] == pytest.approx(0.25 * 0.5)  # 2,000 units a second for 1,000, for a quarter of the requests


def test_votes_that_a_shard_does_not_count_in_time_wait_for_their_score() -> None:
    day = _services(_flat(1_000, hot=0.5), raised=True, votes=0.4)
    assert day.lag_s[9] == pytest.approx(10 * (200 - 100) / 100)


def test_a_table_on_demand_serves_twice_its_peak_of_half_an_hour_ago() -> None:
    rate = np.full(DAY_S, 3_000.0)
    rate[4000:] = 12_000.0
    parameters = _with({"gateway.requests_per_second": 1e6})
    day = _services(Demand(rate, np.zeros(DAY_S)), parameters=parameters, writes={"posts": 1.0})
    assert [float(day.failed[at]) for at in (3999, 4000, 6000)] == pytest.approx([0, 0.5, 0])


def test_servers_follow_the_load_with_a_delay_and_requests_fail_until_then() -> None:
    rate = np.full(DAY_S, 100.0)
    rate[1000:] = 1_000.0  # 2 servers of 2 vCPUs carry 400
    day = monolith_day(Demand(rate, np.zeros(DAY_S)), _load(cpu_s=0.01, service_s=0.01), load(), raised=False)
    assert day.size[1239] == 2
    assert day.failed[1100] == pytest.approx(0.6, abs=0.01)
    assert day.size[1400] == 10
    assert day.failed[1400] == 0


def test_a_lock_on_a_hot_row_delays_its_votes_and_holds_threads_that_others_need() -> None:
    parts = {"cpu_s": 0.001, "service_s": 0.002, "lock_s": 0.01, "votes": 0.5}
    calm, hot = (monolith_day(_flat(1_000, hot=share), _load(**parts), load(), raised=False) for share in (0.1, 0.5))
    assert calm.delays[0].mean_s[-1] == pytest.approx(0.01 * 0.5 / (1 - 0.5) / 2)  # M/D/1 at half of 100 transactions/s
    assert calm.failed[-1] == 0
    assert hot.delays[0].backlog_s[-1] == pytest.approx(5)
    assert hot.failed[-1] > 0.25  # not only the votes


def test_a_day_has_one_spike_and_a_quiet_night() -> None:
    steady = demand(3_000, _with({"day.dispersion": 1}))
    assert steady.rate[20 * 3600 - 1] == pytest.approx(100, rel=0.001)
    assert steady.rate.max() == pytest.approx(300, rel=0.001)
    assert steady.rate.min() == pytest.approx(10, rel=0.001)
    assert steady.hot.max() == pytest.approx(0.2)
    noisy = demand(3_000, _with({"day.dispersion": 5})).rate[:3600]
    assert noisy.var() == pytest.approx(noisy.mean() * 4, rel=0.2)  # Poisson arrivals add the fifth


def test_a_backlog_stays_within_its_limit_and_what_does_not_fit_is_lost() -> None:
    backlog, lost = bounded_backlog(np.array([5.0, 5, 0, 0]), 2.0, 4.0)
    assert backlog.tolist() == [3, 4, 2, 0]
    assert lost.tolist() == [0, 2, 0, 0]


def test_a_trailing_maximum_includes_exactly_its_window() -> None:
    values = np.array([1.0, 5, 2, 3, 1, 1, 1, 0])
    assert trailing_maximum(values, 3).tolist() == [1, 5, 5, 5, 3, 3, 1, 1]
