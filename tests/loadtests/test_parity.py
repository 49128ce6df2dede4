"""The parity check of answers, on two small servers."""

import json
from collections.abc import Callable

import httpx

from loadtests.data.pictures import picture
from loadtests.data.world import Account, SeededPost, World
from loadtests.parity import compare_answers
from loadtests.results import Parity

TIME = "2026-01-02T03:04:05.678Z"
Answers = Callable[[httpx.Request], httpx.Response]


def world(side: str) -> World:
    posts = tuple(SeededPost(f"01{side}{number:022d}", "ada", f"Title {'x' * number}", 0) for number in range(5))
    return World(tuple(Account(f"user_{number}", f"token-of-{side}") for number in range(3)), posts)


def system(side: str) -> Answers:
    """Return a system whose every answer contains what differs by nature: ids, times, cursors."""

    def answer(request: httpx.Request) -> httpx.Response:
        own = world(side).posts[0].id
        body = {"id": own, "created_at": TIME.replace("03", side[0]), "next_cursor": f"{side}-cursor", "value": 1}
        return httpx.Response(200, headers={"etag": f'"{side}"'}, json=body)

    return answer


def changed(behave: Answers, path: str, change: Callable[[httpx.Response], httpx.Response]) -> Answers:
    return lambda request: change(behave(request)) if request.url.path == path else behave(request)


def compared(first: Answers, second: Answers) -> Parity:
    sides = {"monolith": ("AB", first), "microservices": ("CD", second)}
    clients = {
        name: httpx.Client(base_url="http://test", transport=httpx.MockTransport(behave))
        for name, (_, behave) in sides.items()
    }
    return compare_answers(clients, {name: world(side) for name, (side, _) in sides.items()}, alone=True)


def test_what_differs_by_nature_is_no_difference() -> None:
    parity = compared(system("AB"), system("CD"))
    assert parity.checks > 40
    assert parity.failed == []


def test_another_value_is_named_with_its_place() -> None:
    def doubled(response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, headers={"etag": '"x"'}, json={**json.loads(response.content), "value": 2})

    parity = compared(system("AB"), changed(system("CD"), "/health", doubled))
    assert parity.failed == ["health: answer.body.value is 1 on monolith, 2 on microservices"]


def test_another_status_is_a_difference_even_if_only_the_status_counts() -> None:
    parity = compared(system("AB"), changed(system("CD"), "/nowhere", lambda _: httpx.Response(404)))
    assert parity.failed == ["an unknown path: answer.status is 200 on monolith, 404 on microservices"]


def test_a_missing_header_is_a_difference() -> None:
    def bare(response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json=json.loads(response.content))

    parity = compared(system("AB"), changed(system("CD"), "/users/user_0", bare))
    assert len(parity.failed) == 1
    assert "etag" in parity.failed[0]


def with_orders(behave: Answers, statuses: list[str], reason: str | None = None) -> Answers:
    """Return answers whose orders have these statuses in turn, then `fulfilled`, with this reason."""
    left = iter(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/orders/01"):
            return behave(request)
        return httpx.Response(200, json={"status": next(left, "fulfilled"), "reason": reason})

    return answer


def test_an_order_that_is_pending_at_first_is_no_difference() -> None:
    pending = with_orders(system("CD"), ["pending"] * 3)
    assert compared(with_orders(system("AB"), []), pending).failed == []


def test_a_late_search_result_is_no_difference_and_a_late_read_is_one() -> None:
    def late(path: str) -> Answers:
        stale = iter([0, 0])

        def shown(response: httpx.Response) -> httpx.Response:
            value = {"value": next(stale, 1)}
            return httpx.Response(200, headers={"etag": '"x"'}, json={**json.loads(response.content), **value})

        return changed(system("CD"), path, shown)

    assert compared(system("AB"), late("/search")).failed == []
    assert compared(system("AB"), late("/health")).failed != []


def test_an_order_with_another_outcome_is_a_difference() -> None:
    refused = with_orders(system("CD"), [], "insufficient_credits")
    failed = compared(with_orders(system("AB"), []), refused).failed
    assert (
        failed[0]
        == 'two boosts, settled: answer.body.reason is null on monolith, "insufficient_credits" on microservices'
    )


def test_only_status_and_reason_of_a_new_order_are_ignored() -> None:
    def priced(credits: int) -> Callable[[httpx.Response], httpx.Response]:
        body = {"id": "01ABC", "status": "pending" if credits else "fulfilled", "total_credits": 10 + credits}
        return lambda _: httpx.Response(201, json=body)

    sides = [changed(system(side), "/orders", priced(credits)) for side, credits in (("AB", 0), ("CD", 1))]
    placed = next(line for line in compared(*sides).failed if line.startswith("two boosts:"))
    assert placed == "two boosts: answer.body.total_credits is 10 on monolith, 11 on microservices"


def test_another_picture_is_a_difference() -> None:
    def shown(name: str) -> Callable[[httpx.Response], httpx.Response]:
        return lambda _: httpx.Response(200, headers={"content-type": "image/png"}, content=picture(name))

    path = "/users/user_0/avatar"
    parity = compared(changed(system("AB"), path, shown("a")), changed(system("CD"), path, shown("b")))
    assert [line.partition(":")[0] for line in parity.failed] == ["an avatar"]
