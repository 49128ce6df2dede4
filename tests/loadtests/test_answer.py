"""The three sentences at the head of the report say what the figures say, and no more."""

from dataclasses import replace

from loadtests.blocks import SIDES
from loadtests.report.answer import answer
from loadtests.report.figures import figures
from loadtests.results import Results
from tests.loadtests.made_runs import made_run

SCENARIOS = ("browse", "publish")


def words_of(results: Results) -> tuple[str, ...]:
    return tuple(sentence.words for sentence in answer(figures(results)))


def test_there_are_three_sentences_each_with_its_origin() -> None:
    found = answer(figures(made_run("a", scenarios=SCENARIOS)))
    assert [sentence.origin for sentence in found] == ["emulated"] * 3
    assert found[0].words.startswith("At the 95th percentile the faster is the monolith in 3 of 3 scenarios, ")
    assert found[1].words.startswith("Both answered 100 % of what was offered")
    assert "nothing was lost or done twice" in found[1].words
    assert found[2].words.startswith("What the monolith shows to the first who looks, the microservices show ")


def test_a_system_against_itself_has_nobody_who_is_faster() -> None:
    run = made_run("a", scenarios=SCENARIOS)
    for found in run.scenarios.values():
        for measured in found:
            measured.block = replace(found[0].block)
    assert words_of(run)[0] == "Nobody is surely faster; within noise: browse, publish, live."


def test_faster_services_are_said_to_be_faster_by_as_much() -> None:
    run = made_run("a", slower={"monolith": 8}, scenarios=SCENARIOS)
    words = words_of(run)[0]
    assert words.startswith("At the 95th percentile the faster is the microservices in 3 of 3 scenarios, ")
    assert " 1.9" in words or " 2." in words


def test_a_rate_that_was_not_carried_is_no_latency() -> None:
    run = made_run("a", scenarios=SCENARIOS)
    for measured in run.scenarios["browse"]:
        measured.block.succeeded, measured.block.errors = 30, 30
    sooner, right, _ = words_of(run)
    assert "in 2 of 3 scenarios" in sooner
    assert sooner.endswith("; rate not carried: browse.")
    assert right.startswith("Both answered 50 % ")


def test_what_was_lost_is_said_by_side() -> None:
    run = made_run("a")
    run.freshness["microservices"].lost_or_doubled_votes = 3
    assert "effects lost or done twice: 3 on the microservices" in words_of(run)[1]


def test_books_that_were_not_gone_through_on_both_sides_are_not_claimed_to_be_right() -> None:
    run = made_run("a")
    del run.freshness["microservices"]  # ended there; of live messages something is known
    assert words_of(run)[1].endswith("the books were not gone through.")


def test_lags_that_were_not_measured_are_not_claimed() -> None:
    run = made_run("a")
    for side in SIDES:
        run.freshness[side].lags = {kind: replace(lag, lags_ms=[]) for kind, lag in run.freshness[side].lags.items()}
    assert words_of(run)[2] == "When others see what was written was not measured."


def test_stale_reads_of_the_monolith_are_not_passed_over() -> None:
    run = made_run("a")
    run.freshness["monolith"].lags["post_to_search"].stale_first_reads = 2
    assert "the first who looks, but for 2 of 25 times, the microservices" in words_of(run)[2]
