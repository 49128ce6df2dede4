"""Latency on AWS: distributions, sums by hand, shares of parts, freshness, wrong input."""

import re
from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist

import msgspec
import numpy as np
import pytest

import monolith.trending.views
from loadtests import report
from loadtests.errors import UsageError
from loadtests.forecast import latency, parameters
from loadtests.forecast.parameters import Figure, Parameters
from loadtests.forecast.units import latency_name
from loadtests.metering import counts
from loadtests.metering.counts import Function, Metering, Operation, StoreCalls, Work
from loadtests.processes import ROOT

FIGURES = parameters.load()
WHOLE = int(FIGURES.value("lambda.mb_per_vcpu"))  # MB: a whole processor, so that no pause is in a sum
STATEMENTS = (("BEGIN", 1), ("SELECT posts", 2), ("UPDATE posts", 1), ("COMMIT", 1))
READ, VOTE = "GET /posts/{post_id}", "PUT /posts/{post_id}/vote"
FIXED = {  # each distribution as one value, and no cold starts
    "gateway.http": 2.0, "gateway.integration": 3.0, "dynamodb.get_item": 6.0, "dynamodb.put_item": 8.0, "sns.publish": 100.0,
    "dynamodb.sdk_in_figures": 1.0, "hop.stream": 200.0, "hop.topic_to_queue": 20.0, "hop.queue": 10.0, "hop.kinesis": 600.0,
    "kinesis.put_records": 5.0, "balancer.http": 1.0, "network.zone_round_trip": 0.5, "database.statement": 0.25,
    "database.commit": 1.5, "authorizer.cached_share": 0.0, "lambda.idle_expiry": 1e12, "lambda.requests_per_second": 1e3,
    "lambda.placement": 100.0, "lambda.init_plain": 80.0, "lambda.first_call_cpu": 20.0, "views.flush": 500.0,
}  # fmt: skip


def test_a_distribution_has_its_percentiles_and_is_lognormal_between_them() -> None:
    figure = _figure({"p10": 100, "p50": 200, "p90": 800})
    deviates = np.array([NormalDist().inv_cdf(share) for share in (0.1, 0.5, 0.9)])
    assert latency.quantiles(figure, deviates) == pytest.approx([100, 200, 800])
    assert latency.quantiles(figure, deviates / 2) == pytest.approx([100 * 2**0.5, 200, 400])


def test_a_distribution_continues_beyond_its_percentiles_up_to_minimum_and_maximum() -> None:
    figure = _figure({"p0": 5, "p50": 10, "p90": 20, "p100": 50})
    assert latency.quantiles(figure, np.array([-6.0, 6.0])) == pytest.approx([5, 50])


def test_with_fixed_times_a_request_takes_the_sum_by_hand() -> None:
    vote = latency.chapter(_metering(), _fixed())["operations"][VOTE]
    by_hand = {"gateway": 5, "authorizer": 3 + 4, "own code": 8, "stores": 5 + 7, "cold starts": 0}
    assert vote["microservices"]["p50_parts"] == pytest.approx(by_hand)
    assert vote["microservices"]["p50_ms"] == pytest.approx(sum(by_hand.values()))
    assert vote["microservices"]["p99_ms"] == pytest.approx(sum(by_hand.values()))
    by_hand = {"balancer": 1, "server": 9, "round trips": 5 * 0.5, "database": 3 * 0.25 + 1.5}
    assert vote["monolith"]["p50_parts"] == pytest.approx(by_hand)


def test_a_transaction_that_only_reads_writes_no_log_at_its_end() -> None:
    metering = _metering()
    (work,) = metering.operations["monolith"][VOTE].work
    stores = tuple(each for each in work.stores if not each.name.startswith("UPDATE"))
    metering.operations["monolith"][VOTE] = _operation(msgspec.structs.replace(work, stores=stores))
    vote = latency.chapter(metering, _fixed())["operations"][VOTE]
    assert vote["monolith"]["p50_parts"]["database"] == pytest.approx(2 * 0.25)


def test_a_cold_request_adds_placement_init_and_the_first_call_of_each_function() -> None:
    vote = latency.chapter(_metering(), _fixed())["operations"][VOTE]["microservices"]
    cold = 2 * (100 + 80 + 300) + 20  # only votes-http calls a store
    assert vote["cold_p50_ms"] - vote["p50_ms"] == pytest.approx(cold)


def test_a_cached_token_skips_the_authorizer() -> None:
    half = latency.chapter(_metering(), _fixed({"authorizer.cached_share": 0.7}))["operations"][VOTE]["microservices"]
    assert half["p50_parts"]["authorizer"] == 0
    assert half["p99_parts"]["authorizer"] == pytest.approx(3 + 4)


def test_half_a_call_is_a_call_of_every_second_request() -> None:
    drawn = latency.Model(_fixed(), {}).draw("hop.queue", calls=2.5)
    assert sorted(set(drawn)) == [20, 30]
    assert drawn.mean() == pytest.approx(25, rel=0.01)


def test_a_forecast_repeats() -> None:
    assert latency.chapter(_metering(), FIGURES) == latency.chapter(_metering(), FIGURES)


def test_freshness_is_the_sum_of_hops_windows_and_runs() -> None:
    projection = _run("votes-projection", counts.STREAM, ("dynamodb GetItem", "sns Publish", "dynamodb PutItem"))
    metering = _metering(projection, _run("posts-scores", counts.QUEUE, ("dynamodb PutItem",)))
    lags = latency.chapter(metering, _fixed())["freshness"]
    score, leaderboard = (lags[f"vote_to_{name}"] for name in ("post_score", "leaderboard_json"))
    until_publication = 8 * 2 / 4 + 5  # the publication is in the hop, and the write after it delays nobody
    assert score["microservices"]["p50_ms"] == pytest.approx(200 + until_publication + 20 + 10 + 8 + 7)
    assert leaderboard["microservices"]["p50_ms"] == pytest.approx(200 + 8 + 5 + 100 + 7)
    assert score["monolith"]["p99_ms"] == 0


def test_an_order_passes_the_stream_twice_and_four_queues() -> None:
    metering = _metering(
        _run("orders-event-relay", counts.STREAM, ("sns Publish",)),
        _run("users-credits", counts.QUEUE, ("dynamodb PutItem", "sns Publish")),
        _run("orders-saga", counts.QUEUE, ("dynamodb GetItem", "dynamodb PutItem")),
        _run("posts-boosts", counts.QUEUE, ("dynamodb PutItem", "sns Publish")),
        after="POST /orders",
    )
    lag = latency.chapter(metering, _fixed())["freshness"]["order_to_settled"]["microservices"]
    relay, step, saga = 8 * 1 / 2, 8 * 2 / 3 + 7, 8 * 2 / 3 + 5
    assert lag["p50_ms"] == pytest.approx(2 * 200 + 4 * 30 + 2 * relay + 2 * step + saga + 8 + 5 + 7)


def test_an_effect_whose_functions_were_not_metered_is_named_and_has_no_figure() -> None:
    figures = latency.chapter(_metering(_run("votes-projection", counts.STREAM, ())), _fixed())
    assert figures["missing"]["vote_to_post_score"] == ["posts-scores"]
    assert figures["missing"]["post_to_search"] == ["POST /posts"]
    assert [*figures["freshness"]] == ["vote_to_leaderboard_json"]


def test_a_view_waits_for_the_batch_window_and_on_the_monolith_for_the_buffer_of_its_process() -> None:
    metering = _metering(_run("trending-projection", counts.KINESIS, ()), after=READ)
    lag = latency.chapter(metering, _fixed())["freshness"]
    services, monolith_lag = (lag["view_to_trending"][side] for side in ("microservices", "monolith"))
    assert services["p50_ms"] == pytest.approx(5 + 600 + 1000 + 8)  # the window of the template: 1 s
    assert monolith_lag["p50_ms"] == pytest.approx(250, rel=0.05)


def test_the_interval_at_which_views_are_written_is_that_of_the_monolith() -> None:
    assert FIGURES.value("views.flush") / 1000 == monolith.trending.views.FLUSH_SECONDS


def test_every_store_call_of_an_operation_has_a_latency() -> None:
    table = (ROOT / "docs" / "store-calls.md").read_text(encoding="utf-8")
    cells = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")]
    actions = set(re.findall(r"[A-Z]\w+", " ".join(cells))) - {"AWS"}
    known = {name.partition(".")[2] for name in FIGURES.figures}
    assert len(actions) > 8
    assert not {one for one in actions if latency_name(StoreCalls(name=f"x {one}", calls=1))[2:] not in known}


def test_an_unknown_call_or_function_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown parameter 'dynamodb.get_itm'; close: dynamodb.get_item"):
        latency.chapter(_metering(_run("votes-http", counts.GATEWAY, ("dynamodb GetItm",))), FIGURES)
    with pytest.raises(UsageError, match="unknown function 'votes-htp'"):
        latency.chapter(_metering(_run("votes-htp", counts.GATEWAY, ())), FIGURES)


def _metering(*later: Work, memory_mb: int = WHOLE, after: str = VOTE) -> Metering:
    """Return a vote on both sides, and further work after it or another operation."""
    token = _run("platform-authorizer", counts.AUTHORIZER, (), cpu_ms=4)
    waited = (token, _run("votes-http", counts.GATEWAY, ("dynamodb GetItem", "dynamodb PutItem")))
    statements = tuple(StoreCalls(name=name, calls=calls) for name, calls in STATEMENTS)
    monolith_work = Work(
        name="monolith",
        trigger=counts.REQUEST,
        waited=True,
        runs=1,
        records=1,
        cpu_ms=9,
        log_bytes=0,
        stores=statements,
    )
    names = {"platform-authorizer", "votes-http", *(each.name for each in later)} - {"votes-htp"}
    function = Function(feature="votes", memory_mb=memory_mb, init_cpu_ms=300, package_bytes=1)
    return Metering(
        operations={
            "monolith": {VOTE: _operation(monolith_work)},
            "microservices": {VOTE: _operation(*waited), after: _operation(*waited, *later)},
        },
        journeys={}, functions=dict.fromkeys(names, function), resources={}, stored_bytes={},
    )  # fmt: skip


def _operation(*work: Work) -> Operation:
    return Operation(calls=1, request_bytes=1, response_bytes=1, work=work)


def _run(name: str, trigger: str, calls: tuple[str, ...], *, cpu_ms: float = 8) -> Work:
    stores = tuple(StoreCalls(name=call, calls=1) for call in calls)
    waited = trigger in (counts.GATEWAY, counts.AUTHORIZER)
    return Work(name=name, trigger=trigger, waited=waited, runs=1, records=1, cpu_ms=cpu_ms, log_bytes=0, stores=stores)


def _fixed(values: Mapping[str, float] | None = None) -> Parameters:
    figures = {name: _figure({"p50": one}) for name, one in {**FIXED, **(values or {})}.items()}
    single = {
        name: msgspec.structs.replace(one, value=one.percentiles["p50"], percentiles={})
        for name, one in figures.items()
    }
    mixed = {name: single[name] if FIGURES.figure(name).value is not None else one for name, one in figures.items()}
    return Parameters("us-east-1", {**FIGURES.figures, **mixed})


def _figure(percentiles: dict[str, float]) -> Figure:
    return Figure(unit="ms", read=FIGURES.figure("hop.queue").read, percentiles=percentiles, source="planted")


def test_the_report_shows_each_figure_as_modelled_with_its_parameters(tmp_path: Path) -> None:
    metering = _metering(_run("votes-projection", counts.STREAM, ("dynamodb GetItem",)))
    folder = report.add_chapter(tmp_path / "alone", "latency", latency.chapter(metering, _fixed()))
    page, text = ((folder / f"report.{form}").read_text() for form in ("html", "md"))
    assert "to vote: the monolith 14.8 (14.8), the microservices" in text
    assert "vote → post score: no forecast without posts-scores" in text
    assert "| network.zone_round_trip | p50 0.5 | ms | – | cited · planted |" in text
    assert "emulated" not in "".join(line for line in text.splitlines() if "On AWS" in line)
    assert "Medians on AWS in parts" in page
