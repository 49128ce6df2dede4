"""The queueing core: formulas against textbook values and against simulations that follow every request."""

import ciw
import numpy as np
import pytest

from loadtests.forecast import published
from loadtests.forecast.published import read_table
from loadtests.forecast.queueing import Floats, erlang_c, waiting, warm_pool
from tests.loadtests.forecast.simulations import simulate_pool, simulate_waiting


def test_one_server_has_the_waits_of_the_textbook() -> None:
    m_m_1 = waiting(0.8, 1.0)
    assert m_m_1.mean_s == pytest.approx(4.0)  # ρ / (μ − λ)
    assert m_m_1.percentile(95) == pytest.approx(5 * np.log(0.8 / 0.05))
    assert waiting(0.8, 1.0, service_cv2=0).mean_s == pytest.approx(2.0)  # M/D/1 waits half as long
    assert waiting(0.8, 1.0, service_cv2=4).mean_s == pytest.approx(10.0)  # Pollaczek and Khinchine


def test_several_servers_wait_as_erlang_computed() -> None:
    assert erlang_c(8.0, 10) == pytest.approx(0.4092, abs=1e-4)
    assert waiting(2.0, 1.0, servers=3).mean_s == pytest.approx(0.4444, abs=1e-4)


def test_an_overloaded_queue_has_no_finite_wait() -> None:
    queue = waiting([0.5, 1.0, 2.0], 1.0)
    assert queue.mean_s[0] == pytest.approx(1.0)
    assert np.isinf(queue.mean_s[1:]).all()
    assert queue.probability[1:].tolist() == [1, 1]


@pytest.mark.parametrize(("servers", "cv2"), [(1, 1.0), (4, 1.0), (1, 0.0), (4, 0.25)])
def test_the_simulation_of_every_request_agrees_with_the_formula(servers: int, cv2: float) -> None:
    random, requests, load = np.random.default_rng(1), 200_000, 0.7 * servers
    arrivals = np.cumsum(random.exponential(1 / load, requests))
    services = random.gamma(1 / cv2, cv2, requests) if cv2 else np.ones(requests)
    waits = simulate_waiting(arrivals, services, servers=servers)
    assert waits.mean() == pytest.approx(waiting(load, 1.0, servers=servers, service_cv2=cv2).mean_s, rel=0.07)


@pytest.mark.parametrize(("servers", "service"), [(1, "exponential"), (4, "exponential"), (1, "deterministic")])
def test_waits_are_those_of_ciw(servers: int, service: str) -> None:
    load = 0.7 * servers
    distributions = {"exponential": ciw.dists.Exponential(1.0), "deterministic": ciw.dists.Deterministic(1.0)}
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load)],
        service_distributions=[distributions[service]],
        number_of_servers=[servers],
    )
    ciw.seed(3)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(20_000)
    waits = [record.waiting_time for record in simulation.get_all_records()]
    cv2 = 1.0 if service == "exponential" else 0.0
    assert np.mean(waits) == pytest.approx(waiting(load, 1.0, servers=servers, service_cv2=cv2).mean_s, rel=0.1)


@pytest.mark.parametrize("rate", [0.002, 0.05, 0.9, 5.0])
@pytest.mark.parametrize("fixed", [True, False], ids=["fixed service times", "exponential service times"])
def test_the_pool_of_environments_agrees_with_its_simulation(rate: float, fixed: bool) -> None:
    random, requests = np.random.default_rng(2), 400_000
    arrivals = np.cumsum(random.exponential(1 / rate, requests))
    services = np.full(requests, 2.0) if fixed else random.exponential(2.0, requests)
    simulated, formula = simulate_pool(arrivals, services, 600), warm_pool(rate, 2.0, 600)
    assert formula.environments == pytest.approx(simulated.environments.mean(), rel=0.02)
    assert formula.cold_share == pytest.approx(simulated.is_cold.mean(), rel=0.1, abs=2e-5)


def test_the_pool_agrees_with_the_reference_run_of_simfaas() -> None:
    pool = warm_pool(0.9, 1.991, 600)
    assert pool.cold_share == pytest.approx(0.0014, abs=0.0001)
    assert pool.environments == pytest.approx(7.66, rel=0.01)


def test_a_function_without_arrivals_has_no_environment() -> None:
    assert warm_pool(0.0, 0.1, 600).environments == 0
    assert warm_pool(1e-9, 0.1, 600).cold_share == pytest.approx(1, abs=1e-5)


def test_published_cold_starts_are_predicted_as_well_as_their_standard_errors_allow() -> None:
    made = list(published.cold_starts())
    errors = [abs(check.difference or 0) / ((check.tolerance or 0) / 2) for check in made]
    assert [sum(error <= bound for error in errors) for bound in (2, T_95)] == [15, 18]  # of 20; 18 was the goal
    assert all(check.holds for check in published.environments())


T_95 = 2.447  # Student's t of seven pieces: how many standard errors a 95 % interval has on either side


def test_rates_between_fitted_ones_are_predicted_and_a_slower_server_is_noticed() -> None:
    rates = (50.0, 100, 200, 300, 400, 450, 600)
    waits = {point: 1000 * waiting(np.array(rates), 2 / 520, servers=2).percentile(point) for point in (50, 95)}
    rows = [
        {
            "rate": str(rate), "goodput": str(min(rate, 520.0)), "knee": "510", "limit_ms": "250",
            "p50_ms": str(5 + waits[50][index]), "p95_ms": str(9 + waits[95][index]),
        }
        for index, rate in enumerate(rates)
    ]  # fmt: skip
    assert all(check.holds for check in published.held_out(rows, "planted"))
    rows[5] |= {"p50_ms": "60", "p95_ms": "240"}
    assert [check.name for check in published.held_out(rows, "planted") if not check.holds] == [
        "planted, 450 requests/s, p50 ms", "planted, 450 requests/s, p95 ms",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.deep
def test_even_runs_of_the_model_itself_hold_only_so_often_when_they_are_analysed_in_the_published_way() -> None:
    """28 hours in seven pieces of equally many requests; the mean over pieces of the cold share after their first quarter."""
    random, repeats, held = np.random.default_rng(11), 20, 0
    for row in read_table("simfaas"):
        rate, service_s = float(row["rate"]), float(row["warm_ms"]) / 1000
        predicted = warm_pool(rate, service_s, 600).cold_share
        for _ in range(repeats):
            arrivals = np.sort(random.uniform(0, 28 * 3600, random.poisson(rate * 28 * 3600)))
            shares = _shares_of_pieces(
                arrivals, simulate_pool(arrivals, np.full(len(arrivals), service_s), 600).is_cold
            )
            held += abs(shares.mean() - predicted) <= 2 * shares.std() / 7**0.5
    assert 16.5 < held / repeats < 18.5  # of 20 runs


def _shares_of_pieces(arrivals: Floats, is_cold: np.ndarray) -> Floats:
    pieces = zip(np.array_split(arrivals, 7), np.array_split(is_cold, 7), strict=True)
    return np.array([cold[at > at[0] + (at[-1] - at[0]) / 4].mean() for at, cold in pieces])
