"""What the docs say of the templates is what the templates say, and what they point at is there."""

import re
from pathlib import Path

import pytest

from microservices.deploy import diagrams, prices, templates
from microservices.deploy.docs import PAGES, PROJECT, render
from microservices.deploy.nodes import Node, functions
from microservices.deploy.wiring import Wire, wires

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
WRITTEN_BY_HAND = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("shared_domain/*.md")])
WAKING = {"authorizer", "calls", "object", "push", "queue", "route", "rule", "stream", "subscription"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_generated_is_what_the_templates_say_now(page: Path) -> None:
    assert render(page.read_text()) == page.read_text(), "run python -m microservices.deploy.docs"


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index_once_and_in_order() -> None:
    decisions = PROJECT / "docs" / "decisions"
    listed = re.findall(r"^\| \[\d+\]\((.*?)\)", (decisions / "README.md").read_text(), re.MULTILINE)
    assert listed == sorted(path.name for path in decisions.glob("0*.md"))


def test_the_deployment_to_aws_names_every_room_after_those_it_needs_and_every_parameter() -> None:
    guide = (PROJECT / "docs" / "deploy-to-aws.md").read_text()
    found = re.search(r"for service in (.*); do", guide)
    assert found is not None
    order = found[1].split()
    assert set(order) == {service for service in templates.services() if templates.functions(service)}
    assert all(order.index(need) < order.index(service) for service in order for need in templates.needs(service))
    assert [
        name for service in order for name in templates.load(service)["Parameters"] if f"`{name}`" not in guide
    ] == []


def test_the_readme_counts_the_functions() -> None:
    count = sum(len(templates.functions(service)) for service in templates.services())
    assert f"| {count} functions," in (PROJECT / "README.md").read_text()


def test_a_part_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="weather"):
        render("<!-- generated: weather -->\n<!-- end -->")


@pytest.mark.parametrize("service", templates.services())
def test_something_wakes_every_function(service: str) -> None:
    woken = {wire.target for wire in wires() if wire.how in WAKING}
    assert [function.name for function, _ in functions(service) if function not in woken] == []


def test_the_wires_are_those_of_the_templates() -> None:
    posts, events = Node("table", "posts"), Node("topic", "events")
    assert Wire(posts, Node("function", "search-projection"), "stream", "sk post") in wires()
    assert Wire(events, Node("queue", "posts-scores"), "subscription", "score.changed") in wires()
    assert Wire(Node("queue", "posts-scores"), Node("function", "posts-scores"), "queue") in wires()
    assert Wire(Node("function", "posts-http"), Node("function", "votes-post-events"), "calls") in wires()
    assert Wire(Node("function", "posts-http"), posts, "writes") in wires()


def test_a_picture_draws_each_wire_and_what_it_connects() -> None:
    function, queue = Node("function", "a-b"), Node("queue", "q")
    drawn = diagrams.event_sources(
        [Wire(function, queue, "sends"), Wire(queue, Node("queue", "d"), "dead letters", "after 5 tries")]
    )
    assert drawn.splitlines() == [
        "```mermaid",
        "flowchart LR",
        '    function_a_b["a-b"]',
        '    queue_q[["queue q"]]',
        '    function_a_b -->|"sends"| queue_q',
        "```",
    ]


def test_capacity_by_the_hour_is_worth_it_from_the_share_at_which_both_cost_the_same() -> None:
    share = prices.break_even("dynamodb_write_capacity", "dynamodb_write_unit")
    by_request = share * prices.SECONDS_OF_AN_HOUR * prices.price("dynamodb_write_unit").of_one
    assert by_request == pytest.approx(prices.price("dynamodb_write_capacity").of_one)


def test_a_function_is_kept_warm_at_no_cost_from_the_share_at_which_both_cost_the_same() -> None:
    share = prices.warm_break_even()
    warm = prices.price("lambda_provisioned_gb_second").of_one + share * prices.price("lambda_warm_gb_second").of_one
    assert warm == pytest.approx(share * prices.price("lambda_gb_second").of_one)
