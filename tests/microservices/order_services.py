"""The services that settle orders, over moto: stores, topic and queue. A test calls each function itself."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from microservices.deploy import templates
from microservices.events import make_publisher
from microservices.order_events import Outcome, make_step_handler, publish_stage
from microservices.orders import saga
from microservices.orders.store import DynamoOrders
from microservices.posts.boosts import Boosts
from microservices.posts.store import DynamoPosts
from microservices.users.credits import Credits
from microservices.users.store import DynamoUsers
from shared_domain import orders, posts
from shared_domain.orders import Line, Order, Stage
from shared_domain.users import User
from tests.dynamodb_table import make_table

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
IDS = [f"01M7X1YXN3SBB3DZEFS5FNXBM{place}" for place in "ABCDEFGHJK"]
POSTS = [posts.compose(id=each, author="bob", title="Title", body="Body", now=NOW) for each in IDS]
ADA = User(
    id="1", username="ada", email="a@b.c", display_name="", bio="", credits=100, password_hash="", created_at=NOW
)


class Services:
    """Users, posts and orders in one table, since their keys differ. Create it within `aws_in_process`."""

    def __init__(self, dynamodb: Any, sqs: Any, sns: Any) -> None:
        self.dynamodb, self.sqs, self.sns, self._table = dynamodb, sqs, sns, secrets.token_hex(8)
        make_table(dynamodb, self._table)
        self.queue = sqs.create_queue(QueueName=self._table)["QueueUrl"]
        self.publish = make_publisher(sns, self._topic())
        self.users, self.posts, self.orders = (
            store(dynamodb, self._table) for store in (DynamoUsers, DynamoPosts, DynamoOrders)
        )
        self.credits, self.boosts = (service(dynamodb, self._table) for service in (Credits, Boosts))
        self.users.add(ADA)

    def place(self, *, total: int = 10, posts: list[str] | None = None, number: int = 0) -> Order:
        lines = tuple(Line(sku="boost-1d", post_id=each, quantity=1) for each in posts or [IDS[0]])
        order = Order(
            id=f"01M7X1YXN3SBB3DZEFS5FNXBN{number}",
            buyer="ada",
            stage=Stage.PLACED,
            reason=None,
            lines=lines,
            total_credits=total,
            created_at=NOW,
        )
        return self.orders.add(order, key=order.id)

    def execute_steps(self, order: Order) -> None:
        """Deliver the event of the order's stage to users and posts."""
        events: list[str] = []
        publish_stage(lambda kind, body: events.append(json.dumps({"type": kind, **body})), order)
        for event in events:
            make_step_handler(
                self.publish, (Stage.PLACED, Stage.UNDELIVERABLE), execute_step=self.credits.execute_step
            )(event)
            make_step_handler(self.publish, (Stage.PAID, Stage.UNPAID), execute_step=self._boost)(event)

    def deliver_outcomes(self) -> None:
        """Deliver the waiting messages to the saga. If the saga ends during a message, that message stays in the queue."""
        request = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        for message in self.sqs.receive_message(**request).get("Messages", []):
            saga.handle_event(self.orders, message["Body"])
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def settle(self, order: Order) -> Order:
        """Deliver events until the order has settled."""
        while not orders.is_settled(self.get(order)):
            self.execute_steps(self.get(order))
            self.deliver_outcomes()
        return self.get(order)

    def get(self, order: Order) -> Order:
        return self.orders.get(order.id, buyer="ada")

    def items(self) -> list[dict[str, Any]]:
        """Return all items of the table."""
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName=self._table)["Items"]
        return items

    def credits_left(self) -> int:
        """Return the credits that Ada has."""
        return self.users.get("ada").credits

    def days(self) -> list[int]:
        """Return for how many days each existing post is boosted."""
        page = self.posts.page(posts.Filter(), before=None, limit=100)
        return [0 if each.boosted_until is None else (each.boosted_until - NOW).days for each in page]

    def at_call(self, number: int | None, act: Callable[[], object], *, of: str = "") -> Callable[[], None]:
        """Call `act` at the n-th call of AWS from now on, or at every call for None; return a function that undoes this."""
        calls = count(1)

        def acting(**_: object) -> None:
            if number in (None, next(calls)):
                act()

        for events, name in self._events():
            events.register(f"before-call.{name}{of}", acting)
        return lambda: self._unregister(acting, of)

    def _unregister(self, acting: Callable[..., None], of: str) -> None:
        for events, name in self._events():
            events.unregister(f"before-call.{name}{of}", acting)

    def _events(self) -> list[tuple[Any, str]]:
        clients = (("dynamodb", self.dynamodb), ("sns", self.sns), ("sqs", self.sqs))
        return [(client.meta.events, name) for name, client in clients]

    def _topic(self) -> str:
        """Create the topic with the saga's queue as the template subscribes it; return its ARN."""
        (subscription,) = templates.resources("orders", "AWS::SNS::Subscription").values()
        topic = str(self.sns.create_topic(Name=self._table)["TopicArn"])
        queue = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps(subscription["FilterPolicy"])}
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["QueueArn"], Attributes=attributes)
        return topic

    def _boost(self, order: Order) -> bool:
        return self.boosts.execute_step(order, now=NOW)


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def outcome(order: Order, *, done: bool) -> str:
    reported = Outcome(order_id=order.id, buyer=order.buyer, stage=order.stage, done=done)
    return json.dumps({"type": "order.answered", **msgspec.to_builtins(reported)})
