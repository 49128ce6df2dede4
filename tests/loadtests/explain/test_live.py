"""Both live systems with hooks: the parts add up to the measured time, every span has its line, and the units of each operation
equal those counted by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
import yaml

from loadtests import systems
from loadtests.explain import command
from loadtests.explain.tour import READS, VOTE_ON_NEW_POST, walk_tours
from loadtests.explain.traced import SYSTEMS, seed_one, spans_of, start_functions, start_with_hooks
from loadtests.forecast.parameters import load
from loadtests.forecast.units import gaps, units_of
from loadtests.local_aws import client, endpoint_in
from loadtests.metering import chapter as metering
from loadtests.metering.counts import Metering
from loadtests.processes import ROOT, on_sides
from loadtests.results import SIDES
from tests.loadtests.explain import hand_count

pytestmark = pytest.mark.live

READ_POST, AVATAR = "GET /posts/{post_id}", "PUT /users/me/avatar"
CLOCKS_MS = (
    0.5  # tolerance between the machine's clock, read in two processes, and the durations that each process measures
)


@dataclass(frozen=True, slots=True)
class Traced:
    """The figures of the journeys, the metering, and the bytes that the functions logged beside their spans."""

    chapter: dict[str, Any]
    metering: Metering
    counted_log_bytes: float
    logged_bytes: int


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """The tours on both sides."""
    run_dir = tmp_path_factory.mktemp("explained")
    with systems.running(run_dir, SYSTEMS) as urls:
        start_with_hooks(run_dir)
        worlds = on_sides(SIDES, lambda side: seed_one(urls[side]))
        tours = walk_tours(dict.fromkeys(SIDES, run_dir), worlds, done=lambda: None)
        metered = metering.chapter(tours)
        roots = spans_of("microservices", run_dir)
        start_functions(run_dir)  # the local AWS reads a function's last lines with its next invocation
        yield Traced(
            chapter=command.chapter(tours, urls),
            metering=msgspec.convert(metered, Metering),
            counted_log_bytes=sum(root[0].counts["log_bytes"] for root in roots),
            logged_bytes=sum(len(f"{line}\n".encode()) for line in logged_lines(endpoint_in(run_dir))),
        )


def logged_lines(endpoint: str) -> Iterator[str]:
    """Yield what the functions logged, without the platform's lines."""
    logs = client("logs", endpoint)
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                if not event["message"].startswith(("START ", "END ", "REPORT ")):
                    yield event["message"].rstrip("\n")


@pytest.fixture(scope="module")
def chapter(traced: Traced) -> dict[str, Any]:
    return traced.chapter


def units(traced: Traced, side: str, operation: str) -> dict[str, float]:
    """Return the units of a call without cached authorizers."""
    parameters = load().with_value("authorizer.cached_share", 0)
    return units_of(side, operation, metering=traced.metering, parameters=parameters)


def shown_units(metered: dict[str, float]) -> dict[str, float]:
    return {short: metered.get(unit, 0) for short, unit in hand_count.SERVICES_UNITS.items()}


def test_the_tour_calls_every_operation_of_the_contract(traced: Traced) -> None:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["paths"]
    methods = ("get", "put", "post", "patch", "delete")
    wanted = {f"{method.upper()} {path}" for path, known in document.items() for method in methods if method in known}
    more = (VOTE_ON_NEW_POST, metering.PUSH)
    for side in SIDES:
        metered = traced.metering.operations[side]
        assert {name for name in metered if not name.startswith("live ") and name not in more} == wanted


def test_the_services_units_equal_those_counted_by_hand(traced: Traced) -> None:
    counted = traced.metering.operations["microservices"]
    assert counted.keys() == {*hand_count.SERVICES, READ_POST, VOTE_ON_NEW_POST}
    for operation, by_hand in hand_count.SERVICES.items():
        shown = shown_units(units(traced, "microservices", operation))
        assert shown == pytest.approx({**dict.fromkeys(shown, 0), **by_hand}), operation


def test_a_vote_on_a_new_post_calls_posts_through_the_gateway_before_its_answer(traced: Traced) -> None:
    """What follows the answer depends on when the post's event arrives."""
    operation = traced.metering.operations["microservices"][VOTE_ON_NEW_POST]
    waited = msgspec.structs.replace(operation, work=tuple(work for work in operation.work if work.waited))
    operations = {"microservices": {VOTE_ON_NEW_POST: waited}}
    alone = replace(traced, metering=msgspec.structs.replace(traced.metering, operations=operations))
    shown = shown_units(units(alone, "microservices", VOTE_ON_NEW_POST))
    assert shown == pytest.approx({**dict.fromkeys(shown, 0), **hand_count.VOTE_ON_A_NEW_POST})
    log_bytes = traced.metering.operations["microservices"]["PUT /posts/{post_id}/vote"].log_bytes
    assert operation.log_bytes > 1.5 * log_bytes  # both requests are in the access log


def test_the_units_of_a_view_are_those_of_a_share_of_a_flush(traced: Traced) -> None:
    metered = units(traced, "microservices", READ_POST)
    flushes = metered["lambda.requests"] - hand_count.READ_POST["runs"]
    assert 1 / READS <= flushes + 1e-9 <= 1 + 1e-9
    for short, unit in hand_count.SERVICES_UNITS.items():
        by_hand = hand_count.READ_POST.get(short, 0) + flushes * hand_count.PER_FLUSH.get(short, 0)
        assert metered.get(unit, 0) == pytest.approx(by_hand), unit
    statements = units(traced, "monolith", READ_POST)["database.statements"]
    share = (statements - hand_count.MONOLITH_READ_POST) / hand_count.MONOLITH_PER_FLUSH
    assert 1 / READS <= share + 1e-9 <= 1 + 1e-9


def test_the_monoliths_round_trips_equal_those_counted_by_hand(traced: Traced) -> None:
    counted = traced.metering.operations["monolith"]
    assert counted.keys() == {*hand_count.MONOLITH, READ_POST}
    metered = {name: units(traced, "monolith", name).get("database.statements", 0) for name in hand_count.MONOLITH}
    # A second worker may claim the job before the first has locked it. It then finds the job done.
    assert 0 <= metered[AVATAR] - hand_count.MONOLITH[AVATAR] <= hand_count.SECOND_CLAIM
    assert {**metered, AVATAR: hand_count.MONOLITH[AVATAR]} == pytest.approx(hand_count.MONOLITH)


def test_every_unit_has_a_rule_and_a_price(traced: Traced) -> None:
    for side in SIDES:
        for operation in traced.metering.operations[side]:
            assert not gaps(units(traced, side, operation), load()), operation


def test_the_counted_log_bytes_equal_the_logs(traced: Traced) -> None:
    """The lines of the live feed are not in the logs: the local AWS drops them."""
    dropped = sum(
        operation.calls * work.log_bytes
        for name, operation in traced.metering.operations["microservices"].items()
        if name.startswith("live ")
        for work in operation.work
    )
    assert traced.counted_log_bytes - dropped == pytest.approx(traced.logged_bytes, rel=0.02)


def every_call(chapter: dict[str, Any], side: str) -> list[dict[str, Any]]:
    return [call for sides in chapter["journeys"].values() for call in sides[side]]


@pytest.mark.parametrize("side", SIDES)
def test_the_parts_add_up_to_the_measured_time_and_none_is_missing(chapter: dict[str, Any], side: str) -> None:
    """The gateway's part is the rest, so the sum holds by construction. A wrong span makes a part negative, and a missing span
    leaves an answer without own code."""
    for call in every_call(chapter, side):
        assert sum(call["parts"].values()) == pytest.approx(call["ms"], rel=0.1), call["operation"]
        assert all(ms > -CLOCKS_MS for ms in call["parts"].values()), call["parts"]
        if (side, call["operation"]) != ("microservices", "GET /leaderboard.html"):  # an object, and nothing runs
            assert call["counts"]["functions"] >= (side == "microservices"), call["operation"]
            assert call["parts"]["own code"] > 0, call["operation"]


@pytest.mark.parametrize("side", SIDES)
def test_spans_before_the_answer_lie_within_the_call(chapter: dict[str, Any], side: str) -> None:
    for call in every_call(chapter, side):
        for span in call["spans"]:
            assert span["at_ms"] > -CLOCKS_MS
            assert span["at_ms"] + span["ms"] < call["ms"] + CLOCKS_MS
            assert span["self_ms"] > -CLOCKS_MS


def test_each_answer_has_its_lines_on_both_sides(chapter: dict[str, Any]) -> None:
    for side in SIDES:
        calls = [call for call in every_call(chapter, side) if call["operation"] != "GET /leaderboard.html"]
        for call in calls:
            lines = [line for span in call["spans"] for line in span["lines"]]
            assert any(line.startswith(f"{side}/") for line in lines), call["operation"]
            assert all(span["lines"] for span in call["spans"] if span["kind"] in ("store call", "statement"))


def test_a_vote_is_counted_before_the_answer_on_the_monolith_and_after_it_on_the_services(
    chapter: dict[str, Any],
) -> None:
    here, there = (
        next(call for call in every_call(chapter, side) if call["operation"].startswith("PUT")) for side in SIDES
    )
    assert not [span for span in here["afterwards"]["spans"] if span["kind"] == "statement"]
    functions = {span["service"] for span in there["afterwards"]["spans"]}
    assert {"votes-projection", "posts-scores", "live-broadcast"} <= functions
    assert there["afterwards"]["ms"] > 0


def test_a_view_is_counted_after_the_answer_on_both_sides(chapter: dict[str, Any]) -> None:
    for side, counted_by in zip(SIDES, ("INSERT views", "dynamodb TransactWriteItems"), strict=True):
        left = [span["name"] for call in every_call(chapter, side) for span in call["afterwards"]["spans"]]
        assert any(name.startswith(counted_by.split()[0]) for name in left), side
