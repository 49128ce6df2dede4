"""A trace follows a request into the background jobs of the monolith, and each statement has its line."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.images import png

from .traced_systems import SENT, SPAN, TRACE, TracedSystem, all_spans, assert_no_sent_value_is_written, roots

WITHIN_S = 5


def links_of(root: dict[str, Any]) -> list[Any]:
    return [span["links"] for span in root["spans"]]


def of_the_trace(monolith: TracedSystem, trace: str) -> list[dict[str, Any]]:
    return [root for root in roots(monolith.lines()) if root["trace"] == trace]


def test_a_request_has_its_routes_name_and_its_views_line(monolith: TracedSystem) -> None:
    ada = monolith.api.join("ada")
    post = monolith.api.published(ada, title="Seen", body="before")["id"]
    with monolith.sending(SENT):
        monolith.api.read_post(post)
    (root,) = (each for each in of_the_trace(monolith, TRACE) if each["spans"][0]["kind"] == "request")
    top, *below = root["spans"]
    assert (top["name"], top["parent"], top["counts"]["status"]) == ("GET /posts/{post_id}", SPAN, 200)
    assert top["lines"][0].startswith("monolith/posts/routes.py:")
    assert [span["name"] for span in below] == [
        "BEGIN",
        "SELECT posts",
        "COMMIT",
        "ROLLBACK",
    ]
    (selected,) = (span for span in below if span["kind"] == "statement")
    assert selected["counts"]["rows"] == 1
    assert selected["lines"][0].startswith("monolith/posts/store.py:")
    assert selected["lines"][-1].startswith("monolith/posts/routes.py:")
    assert top["ms"] >= sum(span["ms"] for span in below)


def test_views_are_stored_in_the_trace_of_the_read(monolith: TracedSystem) -> None:
    post = monolith.api.published(monolith.api.join("eve"), title="Seen", body="before")["id"]
    with monolith.traced() as trace:
        monolith.api.read_post(post)
    (read,) = (root["spans"][0]["id"] for root in of_the_trace(monolith, trace))
    kept = awaited(monolith, lambda root: read in (root["spans"][0]["parent"], *root["spans"][0]["links"]))
    assert kept["spans"][0]["name"] == "views"
    assert [span["name"] for span in kept["spans"] if span["kind"] == "statement"] == ["INSERT views", "DELETE views"]


def test_a_thumbnail_is_linked_to_its_upload(monolith: TracedSystem) -> None:
    ada = monolith.api.join("pic")
    with monolith.traced() as trace:
        monolith.api.upload_avatar(ada, png())
    monolith.api.avatar_settles(ada.username, lambda thumbnail: True)
    (left,) = (span for root in of_the_trace(monolith, trace) for span in root["spans"] if span["links"])
    assert left["name"] == "INSERT jobs"
    took = awaited(monolith, lambda root: root["spans"][0]["name"] == "jobs" and left["links"] in links_of(root))
    assert "INSERT avatars" in {span["name"] for span in took["spans"]}


@pytest.mark.parametrize("sent", [SENT.upper(), f"{SENT}-more"])
def test_an_invalid_traceparent_starts_a_new_trace(monolith: TracedSystem, sent: str) -> None:
    before = len(monolith.lines())
    with monolith.sending(sent):
        assert monolith.api.list_posts().status_code == 200
    (root,) = (root for root in roots(monolith.lines()[before:]) if root["spans"][0]["kind"] == "request")
    assert root["trace"] != TRACE
    assert root["spans"][0]["parent"] is None


def test_an_unknown_path_is_not_written(monolith: TracedSystem) -> None:
    monolith.api.send("GET", "/needle/of/a/path")
    assert "needle" not in "".join(monolith.lines())


def test_spans_hold_nothing_that_a_client_sent(monolith: TracedSystem) -> None:
    assert_no_sent_value_is_written(monolith)
    assert {"statement", "transaction"} <= {span["kind"] for span in all_spans(monolith.lines())}


def awaited(monolith: TracedSystem, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first such root span. It is written at its end, after its effects are visible."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        for root in roots(monolith.lines()):
            if wanted(root):
                return root
        time.sleep(0.05)
    raise AssertionError(f"no such span within {WITHIN_S} s")
