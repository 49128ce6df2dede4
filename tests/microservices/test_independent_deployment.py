"""A service is updated, rolled back, removed and deployed again, and no request to the other services fails meanwhile."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from microservices.deploy import templates
from microservices.deploy.local_aws import LocalAws
from microservices.deploy.stacks import DeploymentFailed
from shared_domain.contract.times import from_rfc3339
from shared_domain.orders import Line, Order, Stage
from tests.contract.client import Api, Json, Person

from .deployed_stage import DeployedStage

pytestmark = pytest.mark.live

AUTHOR = {"username": "deployer", "email": "deployer@example.com", "password": "long enough to be one"}
UNKNOWN_POST = UNKNOWN_ORDER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SETTLED_S = 30.0
CATCH_UP_S = 120.0  # the stream is read from its start: thousands of records of the other tests
SERVICES = [service for service in templates.services() if service != "platform" and templates.functions(service)]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, the services that it needs, and its expected status."""

    services: frozenset[str]
    method: str
    path: str
    status: int
    body: dict[str, str] | None = None


def _request(services: str, method: str, path: str, status: int, body: dict[str, str] | None = None) -> Request:
    return Request(frozenset(services.split()), method, path, status, body)


JOURNEY = (
    _request("platform", "GET", "/health", 200),
    _request("users", "GET", "/users/deployer", 200),
    _request("users", "GET", "/users/me", 200),
    _request("users", "POST", "/users", 409, AUTHOR),
    _request("posts", "GET", "/posts", 200),
    _request("posts", "POST", "/posts", 201, {"title": "while others are deployed", "body": "this is written"}),
    _request("posts", "GET", f"/posts/{UNKNOWN_POST}", 404),
    _request("votes", "GET", "/leaderboard", 200),
    _request("votes", "GET", "/leaderboard.html", 200),
    _request("votes posts", "DELETE", f"/posts/{UNKNOWN_POST}/vote", 404),
    _request("search", "GET", "/search?q=written", 200),
    _request("trending", "GET", "/trending", 200),
    _request("orders", "GET", "/orders", 200),
)


@dataclass(slots=True)
class Traffic:
    """Repeated requests to the services that are not being deployed, and those that failed."""

    requests: list[Request]
    failed: list[str] = field(default_factory=list)
    rounds: int = 0

    def send_all(self, client: httpx.Client) -> None:
        """Send each request once and note those that failed."""
        for each in self.requests:
            answer = client.request(each.method, each.path, json=each.body)
            if answer.status_code != each.status:
                self.failed.append(f"{each.method} {each.path}: {answer.status_code} {answer.text}")
        self.rounds += 1


@pytest.fixture(scope="module")
def client(local_aws_stack: LocalAws) -> Iterator[httpx.Client]:
    """Yield a client of a signed-in user."""
    with httpx.Client(base_url=local_aws_stack.url, timeout=20) as client:
        client.post("/users", json=AUTHOR)
        token = client.post("/tokens", json={key: AUTHOR[key] for key in ("username", "password")}).json()[
            "access_token"
        ]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.mark.one_variant
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_updated_and_rolled_back_while_the_others_serve(
    local_aws_stack: LocalAws, client: httpx.Client, service: str
) -> None:
    with _traffic_without(service, client) as traffic:
        before = _memory(local_aws_stack, service)
        _update(local_aws_stack, service, MemorySize="1536")
        updated = _memory(local_aws_stack, service)
        _update(local_aws_stack, service)
    assert (updated, _memory(local_aws_stack, service)) == (1536, before)
    assert traffic.failed == []
    _expect_whole_journey(client)


@pytest.mark.one_variant
@pytest.mark.parametrize("service", SERVICES)
def test_a_failed_update_is_rolled_back_and_the_service_serves_as_before(
    local_aws_stack: LocalAws, client: httpx.Client, service: str
) -> None:
    with _traffic_without(service, client) as traffic, pytest.raises(DeploymentFailed, match=f"-{service}: "):
        local_aws_stack.deployment.deploy_service(service, "a-release-that-was-never-uploaded")
    assert traffic.failed == []
    _expect_whole_journey(client)


def test_search_is_removed_and_deployed_again_while_the_others_serve_and_then_catches_up(
    local_aws_stack: LocalAws, client: httpx.Client
) -> None:
    with _traffic_without("search", client) as traffic:
        local_aws_stack.deployment.remove_service("search")
        status = client.get("/search?q=bereft").status_code
        client.post("/posts", json={"title": "Bereft of an index", "body": "while there was no search"})
        _update(local_aws_stack, "search")
    assert status == 404
    assert traffic.failed == []
    _expect_whole_journey(client)
    assert _is_found_in_time(client, "bereft")


def test_orders_is_removed_and_deployed_again_while_the_others_serve_and_then_settles_new_orders(
    local_aws_stack: LocalAws, client: httpx.Client
) -> None:
    api = Api(client, patience=SETTLED_S)
    buyer = api.join("buyer")
    post_id = api.published(buyer)["id"]
    before = _fulfilled(api, buyer, post_id)
    with _traffic_without("orders", client) as traffic:
        local_aws_stack.deployment.remove_service("orders")
        status = client.get(f"/orders/{before['id']}").status_code
        _expect_an_outcome_without_subscriber(api, DeployedStage(local_aws_stack), buyer, post_id)
        _update(local_aws_stack, "orders")
    assert status == 404
    assert traffic.failed == []
    _expect_whole_journey(client)
    assert api.list_orders(buyer).json()["items"] == []
    _fulfilled(api, buyer, post_id)
    assert api.read_me(buyer).json()["credits"] == 70
    assert from_rfc3339(api.post(post_id)["boosted_until"]) - from_rfc3339(before["created_at"]) > timedelta(days=2)


def _fulfilled(api: Api, buyer: Person, post_id: str) -> Json:
    """Return an order for a day's boost, placed now, once it is fulfilled."""
    order = api.order_settles(buyer, api.place(buyer, {"sku": "boost-1d", "post_id": post_id, "quantity": 1}))
    assert order["status"] == "fulfilled"
    return order


def _expect_an_outcome_without_subscriber(api: Api, stage: DeployedStage, buyer: Person, post_id: str) -> None:
    """Deliver the event of an order whose service was removed: users debits the credits, and no dead letter appears."""
    order = Order(
        id=UNKNOWN_ORDER,
        buyer=buyer.username,
        stage=Stage.PLACED,
        reason=None,
        lines=(Line(sku="boost-1d", post_id=post_id, quantity=1),),
        total_credits=10,
        created_at=datetime.now(UTC),
    )
    stage.send("users-credits", json.dumps({"type": "order.placed", **msgspec.to_builtins(order)}))

    def is_debited() -> None:
        assert api.read_me(buyer).json()["credits"] == 80
        assert stage.count_messages("users-credits") == 0

    api.eventually(is_debited)
    assert stage.messages("users-credits-dead-letters", UNKNOWN_ORDER) == []


def _is_found_in_time(client: httpx.Client, word: str) -> bool:
    deadline = time.monotonic() + CATCH_UP_S
    while time.monotonic() < deadline:
        if client.get("/search", params={"q": word}).json()["items"]:
            return True
        time.sleep(0.1)
    return False


def _update(stack: LocalAws, service: str, **parameters: str) -> None:
    release = next(each.release for each in stack.packages if each.service == service)
    stack.deployment.deploy_service(service, release, **parameters)


def _memory(stack: LocalAws, service: str) -> int:
    name = f"{stack.deployment.stage}-{next(iter(templates.functions(service)))}"
    size: int = stack.emulator.client("lambda").get_function_configuration(FunctionName=name)["MemorySize"]
    return size


def _expect_whole_journey(client: httpx.Client) -> None:
    whole = Traffic(list(JOURNEY))
    whole.send_all(client)
    assert whole.failed == []


@contextmanager
def _traffic_without(service: str, client: httpx.Client) -> Iterator[Traffic]:
    """Send the requests that do not need the service repeatedly: at least once before, during and after the block."""
    traffic = Traffic([each for each in JOURNEY if service not in each.services])
    traffic.send_all(client)
    done = threading.Event()
    thread = threading.Thread(target=_send_until, args=(done, traffic, client))
    thread.start()
    try:
        yield traffic
    finally:
        done.set()
        thread.join()
    traffic.send_all(client)


def _send_until(done: threading.Event, traffic: Traffic, client: httpx.Client) -> None:
    while not done.is_set():
        traffic.send_all(client)
