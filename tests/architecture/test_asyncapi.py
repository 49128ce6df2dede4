"""Check docs/asyncapi.yaml: its references, its examples, and the messages of the code."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from shared_domain.contract import live
from shared_domain.live import require_valid_topic
from tests.contract.feed import asyncapi, matches_schema, server_messages

POST_ID = "01M7X1YXN3SBB3DZEFS5FNXBMV"
SAID = {
    "subscribed": live.subscribed_json(f"post:{POST_ID}"),
    "postPublished": live.announce_post(
        id=POST_ID, author="ada", title="𝔘 title", created_at="2026-01-02T03:04:05.678Z"
    ).text,
    "tallyChanged": live.announce_score(POST_ID, -3).text,
    "error": live.error_json(ValueError("because")),
}


def references(node: Any) -> list[str]:
    """Yield every reference below a node."""
    if isinstance(node, dict):
        return [node["$ref"]] if "$ref" in node else [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_every_reference_has_a_target() -> None:
    for reference in references(asyncapi()):
        node = asyncapi()
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("name", asyncapi()["components"]["messages"])
def test_every_example_matches_its_message(name: str) -> None:
    message = asyncapi()["components"]["messages"][name]
    Draft202012Validator.check_schema(message["payload"])
    assert all(matches_schema(example["payload"], by=name) for example in message["examples"])


def test_the_document_describes_exactly_the_messages_of_the_server() -> None:
    assert set(SAID) == set(server_messages())
    for name, text in SAID.items():
        assert [each for each in SAID if matches_schema(json.loads(text), by=each)] == [name]


@pytest.mark.parametrize("example", asyncapi()["components"]["messages"]["subscribe"]["examples"])
def test_the_server_accepts_the_documented_messages(example: dict[str, Any]) -> None:
    topic = live.parse_topic(json.dumps(example["payload"]))
    assert topic == require_valid_topic(topic) == example["payload"]["topic"]
