"""Check the generated docs against the templates, and every link."""

import re
from pathlib import Path

import pytest

from microservices.deploy import diagrams, prices, templates
from microservices.deploy.docs import PAGES, PROJECT, render
from microservices.deploy.nodes import Node, functions
from microservices.deploy.wiring import Wire, wires

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
MARKDOWN = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("shared_domain/*.md")])
INVOKING = {"authorizer", "calls", "object", "push", "queue", "route", "rule", "stream", "subscription"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_generated_parts_are_up_to_date(page: Path) -> None:
    assert render(page.read_text()) == page.read_text(), "run python -m microservices.deploy.docs"


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_every_link_has_a_target(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_the_index_lists_every_decision_once_and_in_order() -> None:
    decisions = PROJECT / "docs" / "decisions"
    listed = re.findall(r"^\| \[\d+\]\((.*?)\)", (decisions / "README.md").read_text(), re.MULTILINE)
    assert listed == sorted(path.name for path in decisions.glob("0*.md"))


def test_the_guide_lists_every_parameter_of_the_services() -> None:
    guide = (PROJECT / "docs" / "operate-on-aws.md").read_text()
    declared = {name for service in templates.services() for name in templates.load(service)["Parameters"]}
    assert sorted(name for name in declared if f"`{name}`" not in guide) == []


def test_the_readme_counts_the_functions() -> None:
    count = sum(len(templates.functions(service)) for service in templates.services())
    assert f"| {count} functions," in (PROJECT / "README.md").read_text()


def test_an_unknown_generated_part_raises_an_error() -> None:
    with pytest.raises(KeyError, match="weather"):
        render("<!-- generated: weather -->\n<!-- end -->")


@pytest.mark.parametrize("service", templates.services())
def test_every_function_has_an_event_source(service: str) -> None:
    invoked = {wire.target for wire in wires() if wire.how in INVOKING}
    assert [function.name for function, _ in functions(service) if function not in invoked] == []


def test_the_event_sources_and_calls_of_the_functions_come_from_the_templates() -> None:
    posts, events = Node("table", "posts"), Node("topic", "events")
    assert Wire(posts, Node("function", "search-projection"), "stream", "sk post") in wires()
    assert Wire(events, Node("queue", "posts-scores"), "subscription", "score.changed") in wires()
    assert Wire(Node("queue", "posts-scores"), Node("function", "posts-scores"), "queue") in wires()
    assert Wire(Node("function", "posts-http"), Node("function", "votes-post-events"), "calls") in wires()
    assert Wire(Node("function", "posts-http"), posts, "writes") in wires()


def test_a_diagram_shows_each_edge_and_its_nodes() -> None:
    function, queue = Node("function", "a-b"), Node("queue", "q")
    diagram = diagrams.event_sources(
        [Wire(function, queue, "sends"), Wire(queue, Node("queue", "d"), "dead letters", "after 5 attempts")]
    )
    assert diagram.splitlines() == [
        "```mermaid",
        "flowchart LR",
        '    function_a_b["a-b"]',
        '    queue_q[["queue q"]]',
        '    function_a_b -->|"sends"| queue_q',
        "```",
    ]


def test_provisioned_capacity_costs_the_same_as_on_demand_at_the_break_even() -> None:
    share = prices.break_even("dynamodb.write_capacity_hours", "dynamodb.write_units")
    by_request = share * prices.SECONDS_OF_AN_HOUR * prices.of_one("dynamodb.write_units")
    assert by_request == pytest.approx(prices.of_one("dynamodb.write_capacity_hours"))


def test_provisioned_concurrency_costs_the_same_as_none_at_the_break_even() -> None:
    share = prices.warm_break_even()
    warm = prices.of_one("lambda.provisioned_gb_seconds") + share * prices.of_one("lambda.provisioned_used_gb_seconds")
    assert warm == pytest.approx(share * prices.of_one("lambda.gb_seconds"))
